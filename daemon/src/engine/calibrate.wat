;; What a machine's speed is measured by: each kind of event is a kernel that never ends.
(module
  (memory (export "memory") 34)
  (table 4 funcref)
  (elem (i32.const 0) $add $mix $less $keep)
  (type $two (func (param i32 i32) (result i32)))
  (global $sink (mut i32) (i32.const 0))
  (func (export "postern_abi_v1"))
  (func (export "postern_window") (param $min i32) (result i32)
    (if (result i32) (i32.gt_u (local.get $min) (i32.const 65536))
      (then (i32.const 0))
      (else (i32.const 65536))))

  ;; Arithmetic on integers of 32 and 64 bits, in locals.
  (func $integer (param $n i32) (local $a i64) (local $b i32)
    (local.set $a (i64.const 88172645463325252))
    (local.set $b (i32.const 2463534242))
    (loop $again
      (local.set $a (i64.xor (local.get $a) (i64.shl (local.get $a) (i64.const 13))))
      (local.set $a (i64.xor (local.get $a) (i64.shr_u (local.get $a) (i64.const 7))))
      (local.set $a (i64.xor (local.get $a) (i64.shl (local.get $a) (i64.const 17))))
      (local.set $b (i32.add (i32.mul (local.get $b) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $b (i32.xor (local.get $b) (i32.wrap_i64 (local.get $a))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (global.set $sink (local.get $b)))

  ;; Loads and stores that walk 2 MiB: in order, and by steps that leave a cache line.
  (func $memory (param $n i32) (local $at i32) (local $far i32) (local $sum i32)
    (loop $again
      (local.set $at (i32.and (i32.add (local.get $at) (i32.const 4)) (i32.const 0x1ffffc)))
      (local.set $far (i32.and (i32.add (local.get $far) (i32.const 4164)) (i32.const 0x1ffffc)))
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=131072 (local.get $far))))
      (i32.store offset=131072 (local.get $at) (local.get $sum))
      (i32.store8 offset=131072 (local.get $far) (local.get $sum))
      (local.set $sum (i32.add (local.get $sum) (i32.load16_u offset=131072 (local.get $at))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (global.set $sink (local.get $sum)))

  ;; Calls and branches that cannot be foreseen well.
  (func $fib (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add
        (call $fib (i32.sub (local.get $n) (i32.const 1)))
        (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func $calls (param $n i32)
    (loop $again
      (global.set $sink (i32.add (global.get $sink) (call $fib (i32.const 17))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))))

  ;; What an engine of JavaScript does: codes are fetched from memory and dispatched, values carry
  ;; tags that are looked at, and what is not simple goes through a table of functions.
  (func $add (type $two) (i32.add (local.get 0) (local.get 1)))
  (func $mix (type $two) (i32.rotl (i32.xor (local.get 0) (local.get 1)) (i32.const 5)))
  (func $less (type $two) (i32.lt_s (local.get 0) (local.get 1)))
  (func $keep (type $two) (select (local.get 0) (local.get 1) (i32.and (local.get 0) (i32.const 1))))
  (func $script (param $n i32) (local $pc i32) (local $top i32) (local $code i32) (local $value i32)
    ;; A program of 4,096 codes, and a stack of values: a tag and a number each.
    (local.set $pc (i32.const 0))
    (local.set $code (i32.const 12345))
    (loop $write
      (local.set $code (i32.add (i32.mul (local.get $code) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store8 offset=4096 (local.get $pc) (i32.rem_u (i32.shr_u (local.get $code) (i32.const 16)) (i32.const 6)))
      (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
      (br_if $write (i32.lt_u (local.get $pc) (i32.const 4096))))
    (loop $again
      (local.set $pc (i32.and (i32.add (local.get $pc) (i32.const 1)) (i32.const 4095)))
      (local.set $code (i32.load8_u offset=4096 (local.get $pc)))
      (block $done
        (block $call (block $jump (block $test (block $get (block $push (block $put
          (br_table $put $push $get $test $jump $call (local.get $code)))
          ;; put
          (i32.store offset=12292 (i32.and (local.get $value) (i32.const 0xff8)) (local.get $value))
          (br $done))
          ;; push
          (local.set $top (i32.and (i32.add (local.get $top) (i32.const 8)) (i32.const 0xff8)))
          (i32.store offset=12288 (local.get $top) (i32.and (local.get $pc) (i32.const 1)))
          (i32.store offset=12292 (local.get $top) (local.get $value))
          (br $done))
          ;; get
          (local.set $value (i32.load offset=12292 (i32.and (local.get $value) (i32.const 0xff8))))
          (br $done))
          ;; test of a tag
          (if (i32.load offset=12288 (local.get $top))
            (then (local.set $value (i32.add (local.get $value) (i32.const 1))))
            (else (local.set $value (i32.load offset=12292 (local.get $top)))))
          (br $done))
          ;; jump
          (if (i32.and (local.get $value) (i32.const 1))
            (then (local.set $pc (i32.xor (local.get $pc) (i32.and (local.get $value) (i32.const 63))))))
          (br $done))
          ;; call
          (local.set $value (call_indirect (type $two)
            (local.get $value)
            (i32.load offset=12292 (local.get $top))
            (i32.and (local.get $pc) (i32.const 3)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (global.set $sink (local.get $value)))

  (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
    (loop $for_ever
      (block $end (block $script (block $calls (block $memory (block $integer
        (br_table $integer $memory $calls $script (local.get $kind)))
        (call $integer (i32.const 1000000)) (br $end))
        (call $memory (i32.const 1000000)) (br $end))
        (call $calls (i32.const 1000)) (br $end))
        (call $script (i32.const 1000000)))
      (br $for_ever))
    (i32.const 0)))
