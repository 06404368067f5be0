;; A guest that does what the letter after "http://t/" says, for the engine's own tests.
(module
  (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
  (import "postern" "fail" (func $fail (param i32 i32 i32)))
  (import "postern" "done" (func $done (param i32 i32 i32 i32)))
  (import "postern" "body_chunk" (func $body_chunk (param i32 i32 i32 i32) (result i32)))
  (import "postern" "body_pull" (func $body_pull (param i32 i32)))
  (import "postern" "op_start" (func $op_start (param i32 i32 i32 i32)))
  (import "postern" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 2)
  (global $request (mut i32) (i32.const 0))
  (global $booted (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))
  ;; A response head: status 200, no fields.
  (data (i32.const 256) "\c8\01\00")
  (data (i32.const 272) "hello")
  ;; 2 ms for a timer.
  (data (i32.const 288) "\02")
  ;; What it logs when it is aborted, by the reason, and an exception: "Error", "told", no stack.
  (data (i32.const 320) "leftover")
  (data (i32.const 336) "\05Error\04told\00")
  (func (export "postern_abi_v1"))
  (func (export "postern_window") (param i32) (result i32)
    (if (result i32) (i32.gt_u (local.get 0) (i32.const 65536)) (then (i32.const 0)) (else (i32.const 1024))))
  (func (export "postern_boot") (result i32)
    (global.set $booted (i32.const 7))
    (i32.store8 (i32.const 300) (i32.const 66))
    (i32.const 0))
  (func $hello (param $id i32)
    (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 272) (i32.const 5) (i32.const 0))
    (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func $byte (param $id i32) (param $value i32)
    (i32.store8 (i32.const 310) (local.get $value))
    (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 310) (i32.const 1) (i32.const 0))
    (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func $recurse (param i32) (result i32)
    (i32.add (i32.const 1) (call $recurse (i32.add (local.get 0) (i32.const 1)))))
  (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
    (local $path i32)
    (if (i32.eq (local.get $kind) (i32.const 1)) (then
      (local.set $path (i32.load8_u (i32.const 1038)))
      ;; h: answers at once
      (if (i32.eq (local.get $path) (i32.const 104)) (then (call $hello (local.get $id))))
      ;; s: spins
      (if (i32.eq (local.get $path) (i32.const 115)) (then (loop $l (br $l))))
      ;; a: takes memory until there is none, then gives up
      (if (i32.eq (local.get $path) (i32.const 97)) (then
        (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (unreachable)))
      ;; r: recurses
      (if (i32.eq (local.get $path) (i32.const 114)) (then (drop (call $recurse (i32.const 0)))))
      ;; t: traps
      (if (i32.eq (local.get $path) (i32.const 116)) (then (unreachable)))
      ;; k: counts the requests of this isolate
      (if (i32.eq (local.get $path) (i32.const 107)) (then
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (call $byte (local.get $id) (i32.add (i32.const 48) (global.get $count)))))
      ;; b: tells what boot left in memory and in a global: "B" when both are there
      (if (i32.eq (local.get $path) (i32.const 98)) (then
        (call $byte (local.get $id)
          (select (i32.load8_u (i32.const 300)) (i32.const 63) (i32.eq (global.get $booted) (i32.const 7))))))
      ;; w: answers and is never done
      (if (i32.eq (local.get $path) (i32.const 119)) (then
        (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 272) (i32.const 5) (i32.const 0))))
      ;; W: the same, with a timer that does nothing
      (if (i32.eq (local.get $path) (i32.const 87)) (then
        (call $op_start (i32.const 10) (i32.const 1) (i32.const 288) (i32.const 1))
        (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 272) (i32.const 5) (i32.const 0))))
      ;; d: streams two parts
      (if (i32.eq (local.get $path) (i32.const 100)) (then
        (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 272) (i32.const 5) (i32.const 1))
        (drop (call $body_chunk (local.get $id) (i32.const 272) (i32.const 2) (i32.const 1)))
        (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))))
      ;; f: floods the response, deaf to credit
      (if (i32.eq (local.get $path) (i32.const 102)) (then
        (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1))
        (loop $l
          (drop (call $body_chunk (local.get $id) (i32.const 0) (i32.const 65536) (i32.const 0)))
          (br $l))))
      ;; p: asks for the body; its end answers with the bytes counted
      (if (i32.eq (local.get $path) (i32.const 112)) (then
        (global.set $count (i32.const 0))
        (call $body_pull (local.get $id) (i32.const 1048576))))
      ;; T: starts a timer; its end answers
      (if (i32.eq (local.get $path) (i32.const 84)) (then
        (global.set $request (local.get $id))
        (call $op_start (i32.const 9) (i32.const 1) (i32.const 288) (i32.const 1))))
      ;; q: starts a timer; its end does nothing
      (if (i32.eq (local.get $path) (i32.const 113)) (then
        (call $op_start (i32.const 10) (i32.const 1) (i32.const 288) (i32.const 1))))
      ;; e: fails, and is done when a timer ends
      (if (i32.eq (local.get $path) (i32.const 101)) (then
        (global.set $request (local.get $id))
        (call $op_start (i32.const 9) (i32.const 1) (i32.const 288) (i32.const 1))
        (call $fail (local.get $id) (i32.const 336) (i32.const 12))))
      ;; E: the same in the middle of an answer
      (if (i32.eq (local.get $path) (i32.const 69)) (then
        (global.set $request (local.get $id))
        (call $op_start (i32.const 9) (i32.const 1) (i32.const 288) (i32.const 1))
        (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 272) (i32.const 5) (i32.const 1))
        (call $fail (local.get $id) (i32.const 336) (i32.const 12))))
      ;; D: the same without an end: only a timer ends, which does nothing
      (if (i32.eq (local.get $path) (i32.const 68)) (then
        (call $op_start (i32.const 10) (i32.const 1) (i32.const 288) (i32.const 1))
        (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 272) (i32.const 5) (i32.const 1))))
      ;; o: floods operations until refused
      (if (i32.eq (local.get $path) (i32.const 111)) (then
        (loop $l
          (global.set $count (i32.add (global.get $count) (i32.const 1)))
          (call $op_start (global.get $count) (i32.const 1) (i32.const 288) (i32.const 1))
          (br $l))))
      ;; l: floods the log
      (if (i32.eq (local.get $path) (i32.const 108)) (then
        (loop $l
          (call $log (i32.const 2) (i32.const 272) (i32.const 5))
          (global.set $count (i32.add (global.get $count) (i32.const 1)))
          (br_if $l (i32.lt_u (global.get $count) (i32.const 9000))))
        (call $hello (local.get $id))))
      ;; m: names memory that it does not have
      (if (i32.eq (local.get $path) (i32.const 109)) (then
        (call $log (i32.const 2) (i32.const 131070) (i32.const -1))))
      ;; n: never answers
      ))
    ;; a body chunk: counts bytes
    (if (i32.eq (local.get $kind) (i32.const 2)) (then
      (global.set $count (i32.add (global.get $count) (local.get $len)))
      (call $body_pull (local.get $id) (local.get $len))))
    ;; a body's end: answers "=" for 100,000 bytes, "?" else
    (if (i32.eq (local.get $kind) (i32.const 3)) (then
      (call $byte (local.get $id)
        (select (i32.const 61) (i32.const 63) (i32.eq (global.get $count) (i32.const 100000))))))
    ;; an operation is done
    (if (i32.and (i32.eq (local.get $kind) (i32.const 6)) (i32.eq (local.get $id) (i32.const 9))) (then
      (call $log (i32.const 2) (i32.const 272) (i32.const 5))
      (call $hello (global.get $request))))
    ;; an abort: the payload is the reason
    (if (i32.eq (local.get $kind) (i32.const 10)) (then
      (call $log (i32.const 2)
        (i32.add (i32.const 320) (i32.mul (i32.const 4) (i32.load8_u (i32.const 1024))))
        (i32.const 4))))
    (i32.const 0)))
