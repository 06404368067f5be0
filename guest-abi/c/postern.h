/* The boundary between a Worker and Postern, version 1, for C.
 *
 * docs/abi.md tells what the host promises. This header has its numbers, its imports, readers
 * and writers for its encoding, and the callbacks by which postern.c hands events to a Worker.
 * Nothing here needs a C library.
 *
 * A Worker is a set of callbacks. No callback waits: what takes time is started, and ends in a
 * later callback. Several requests can be in flight, so state belongs into `request->user`.
 *
 *     #include "postern.h"
 *
 *     void postern_on_request(postern_request *request) {
 *         postern_respond(request, 200, "text/plain", POSTERN_LITERAL("Hello\n"));
 *         postern_finish(request);
 *     }
 *
 * Compile with: clang --target=wasm32 -ffreestanding -nostdlib -Wl,--no-entry
 */
#ifndef POSTERN_H
#define POSTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Numbers ---------------------------------------------------------------------------- */

#define POSTERN_ABI_VERSION 1

/* Kinds of events: what the host tells. */
enum {
    POSTERN_EVENT_REQUEST = 1,
    POSTERN_EVENT_BODY_CHUNK = 2,
    POSTERN_EVENT_BODY_END = 3,
    POSTERN_EVENT_BODY_ERROR = 4,
    POSTERN_EVENT_BODY_CREDIT = 5,
    POSTERN_EVENT_OP_DONE = 6,
    POSTERN_EVENT_OP_FAILED = 7,
    POSTERN_EVENT_OP_CHUNK = 8,
    POSTERN_EVENT_OP_END = 9,
    POSTERN_EVENT_ABORT = 10,
    POSTERN_EVENT_OP_CREDIT = 11,
    POSTERN_EVENT_LOAD = 12, /* for the JavaScript engine only */
    POSTERN_EVENT_SCHEDULED = 16,
    POSTERN_EVENT_QUEUE = 17,
    POSTERN_EVENT_TAIL = 18,
    POSTERN_EVENT_SOCKET_MESSAGE = 20,
    POSTERN_EVENT_ENTER = 21, /* the JavaScript engine's */
    POSTERN_EVENT_HANDLE = 28,
    /* Reserved, never sent in this version. */
    POSTERN_EVENT_ALARM = 19,
};

/* How much of a request ends with POSTERN_EVENT_ABORT. */
enum {
    POSTERN_ABORT_LEFT = 0, /* what makes the answer; waitUntil work may go on */
    POSTERN_ABORT_OVER = 1, /* all of it */
};

/* Kinds of operations: what a Worker asks for. */
enum {
    POSTERN_OP_TIMER = 1,
    POSTERN_OP_FETCH = 2, /* docs/abi.md, operations; this library has no call for it */
    POSTERN_OP_KV_GET = 16,
    POSTERN_OP_KV_PUT = 17,
    POSTERN_OP_KV_DELETE = 18,
    POSTERN_OP_KV_LIST = 19,
    POSTERN_OP_KV_GET_MULTI = 20,
    POSTERN_OP_CRYPTO = 24, /* the JavaScript engine's */
    POSTERN_OP_SOCKET_SERVE = 40, /* docs/abi.md, WebSockets */
    POSTERN_OP_SOCKET_CONNECT = 41,
    POSTERN_OP_CACHE_MATCH = 48, /* docs/abi.md, caches */
    POSTERN_OP_CACHE_PUT = 49,
    POSTERN_OP_CACHE_DELETE = 50,
    POSTERN_OP_RATE_LIMIT = 52,
    POSTERN_OP_RPC_CONNECT = 56, /* docs/abi.md, sessions of RPC */
    POSTERN_OP_TCP_CONNECT = 57, /* docs/abi.md, TCP */
    POSTERN_OP_WORKER_LOAD = 58, /* docs/abi.md, dynamic Workers */
    POSTERN_OP_FETCH_CACHED = 59, /* docs/abi.md, subrequests that are kept */
};

/* Kinds of operations that are answered at once. */
enum {
    POSTERN_SYNC_ENV_GET = 1,
    POSTERN_SYNC_ENV_NAMES = 2,
    /* For the JavaScript engine only. */
    POSTERN_SYNC_BUNDLE = 3,
    POSTERN_SYNC_MODULE = 4,
    POSTERN_SYNC_BUILTIN = 5,
    POSTERN_SYNC_LOADED = 6,
    POSTERN_SYNC_DECODE = 7,
    POSTERN_SYNC_CACHE_DEFAULT = 8,
    POSTERN_SYNC_INVOCATION = 9,
    POSTERN_SYNC_CRYPTO = 32,
    POSTERN_SYNC_CRYPTO_WAIT = 33,
    POSTERN_SYNC_COMPRESSION_OPEN = 64,
    POSTERN_SYNC_COMPRESSION_WRITE = 65,
    POSTERN_SYNC_COMPRESSION_CLOSE = 66,
    POSTERN_SYNC_REWRITER_SELECTOR = 72,
    POSTERN_SYNC_REWRITER_OPEN = 73,
    POSTERN_SYNC_REWRITER_FEED = 74,
    POSTERN_SYNC_REWRITER_GO_ON = 75,
    POSTERN_SYNC_REWRITER_TOKEN = 76,
    POSTERN_SYNC_REWRITER_CLOSE = 77,
    POSTERN_SYNC_WASM_DESCRIBE = 80,
    POSTERN_SYNC_WASM = 81,
    POSTERN_SYNC_WASM_READ = 82,
    POSTERN_SYNC_WASM_WRITE = 83,
    POSTERN_SYNC_WASM_LEAVE = 84,
    POSTERN_SYNC_ANALYTICS_WRITE = 96,
};

/* Codes of failures. postern_import_op_sync returns them negated. */
enum {
    POSTERN_ERROR_UNSUPPORTED = 1,
    POSTERN_ERROR_UNKNOWN_BINDING = 2,
    POSTERN_ERROR_BAD_ARGUMENT = 3,
    POSTERN_ERROR_LIMIT_EXCEEDED = 4,
    POSTERN_ERROR_QUOTA_EXCEEDED = 5,
    POSTERN_ERROR_UNAVAILABLE = 6,
    POSTERN_ERROR_CANCELLED = 7,
    POSTERN_ERROR_TOO_LARGE = 8,
    POSTERN_ERROR_INTERNAL = 9,
    POSTERN_ERROR_THROWN = 10,
};

/* Levels of log lines. */
enum {
    POSTERN_LOG_DEBUG = 0,
    POSTERN_LOG_INFO = 1,
    POSTERN_LOG_LOG = 2,
    POSTERN_LOG_WARN = 3,
    POSTERN_LOG_ERROR = 4,
};

/* Limits, in bytes where nothing else is said. */
#define POSTERN_URL_MAX (16 * 1024)
#define POSTERN_HEADERS_MAX (128 * 1024)
#define POSTERN_CHUNK_MAX (64 * 1024)
#define POSTERN_BODY_CREDIT (64 * 1024)
#define POSTERN_OP_ARGUMENT_MAX (32 * 1024 * 1024)
#define POSTERN_KV_KEY_MAX 512
#define POSTERN_KV_VALUE_MAX (25 * 1024 * 1024)
#define POSTERN_KV_METADATA_MAX 1024
#define POSTERN_KV_LIST_MAX 1000 /* keys */
#define POSTERN_KV_MULTI_MAX 100 /* keys */
#define POSTERN_KV_TTL_MIN 60    /* seconds */
#define POSTERN_CACHE_NAME_MAX 1024
#define POSTERN_LOG_LINE_MAX (16 * 1024)
#define POSTERN_RANDOM_MAX (64 * 1024) /* in one call of postern_import_random */

_Static_assert(sizeof(void *) == 4, "a Worker is compiled for wasm32");
_Static_assert(sizeof(size_t) == 4, "lengths cross the boundary in 32 bits");
_Static_assert(POSTERN_BODY_CREDIT >= POSTERN_CHUNK_MAX, "a whole chunk fits the first credit");
_Static_assert(POSTERN_KV_VALUE_MAX + POSTERN_KV_KEY_MAX < POSTERN_OP_ARGUMENT_MAX,
               "the largest value fits one operation");
_Static_assert(POSTERN_EVENT_OP_CREDIT == 11 && POSTERN_ERROR_INTERNAL == 9 &&
                   POSTERN_OP_KV_GET_MULTI == 20,
               "released numbers do not change");

/* ---- Imports: what the host does -------------------------------------------------------- */

#define POSTERN_IMPORT(name) __attribute__((import_module("postern"), import_name(name)))

POSTERN_IMPORT("op_start")
void postern_import_op_start(uint32_t op, uint32_t kind, const void *ptr, uint32_t len);
POSTERN_IMPORT("op_cancel")
void postern_import_op_cancel(uint32_t op);
POSTERN_IMPORT("op_pull")
void postern_import_op_pull(uint32_t op, uint32_t credit);
POSTERN_IMPORT("op_chunk")
void postern_import_op_chunk(uint32_t op, const void *ptr, uint32_t len, uint32_t end);
POSTERN_IMPORT("op_sync")
int32_t postern_import_op_sync(uint32_t kind, const void *ptr, uint32_t len, void *out,
                               uint32_t cap);
POSTERN_IMPORT("respond")
void postern_import_respond(uint32_t request, const void *head, uint32_t head_len,
                            const void *body, uint32_t body_len, uint32_t more);
POSTERN_IMPORT("body_chunk")
int32_t postern_import_body_chunk(uint32_t request, const void *ptr, uint32_t len, uint32_t end);
POSTERN_IMPORT("body_pull")
void postern_import_body_pull(uint32_t request, uint32_t credit);
POSTERN_IMPORT("fail")
void postern_import_fail(uint32_t request, const void *ptr, uint32_t len);
POSTERN_IMPORT("done")
void postern_import_done(uint32_t request, uint32_t status, const void *ptr, uint32_t len);
POSTERN_IMPORT("log")
void postern_import_log(uint32_t level, const void *ptr, uint32_t len);
POSTERN_IMPORT("now")
int64_t postern_import_now(void);
POSTERN_IMPORT("random")
void postern_import_random(void *ptr, uint32_t len);

/* ---- Bytes, and the encoding of structures ---------------------------------------------- */

/* Some bytes that someone else owns. */
typedef struct {
    const uint8_t *ptr;
    uint32_t len;
} postern_bytes;

/* The bytes of a string literal. */
#define POSTERN_LITERAL(text) ((postern_bytes){(const uint8_t *)(text), sizeof(text) - 1})

/* The bytes of a string that ends with a zero. */
postern_bytes postern_text(const char *text);
/* Whether these are the bytes of the string. */
bool postern_is(postern_bytes bytes, const char *text);

/* Reads an encoded structure from its front. After a failure `bad` is true, and every read
 * gives zero or nothing, so that it is enough to look once at the end. */
typedef struct {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
} postern_reader;

postern_reader postern_reader_of(postern_bytes bytes);
/* A number of any width (u16, u32, u64, a variant, a count). */
uint64_t postern_read_number(postern_reader *reader);
/* A bool, or whether an optional value follows. */
bool postern_read_bool(postern_reader *reader);
/* A string or bytes; they lie in what is read. */
postern_bytes postern_read_bytes(postern_reader *reader);
/* What is left. */
postern_bytes postern_read_rest(postern_reader *reader);

/* Writes a structure into a buffer. If it is too small, `bad` is true, and `len` is what would
 * have been needed. */
typedef struct {
    uint8_t *buffer;
    uint32_t cap;
    uint32_t len;
    bool bad;
} postern_writer;

void postern_write_number(postern_writer *writer, uint64_t number);
void postern_write_bool(postern_writer *writer, bool value);
/* A string or bytes, with their length. */
void postern_write_bytes(postern_writer *writer, postern_bytes bytes);
/* Bytes as they are. */
void postern_write_raw(postern_writer *writer, postern_bytes bytes);

/* ---- Memory ----------------------------------------------------------------------------- */

/* At least `len` bytes, aligned to 8, or NULL. */
void *postern_alloc(uint32_t len);
/* Gives them back; NULL is allowed. */
void postern_free(void *memory);

/* ---- Requests --------------------------------------------------------------------------- */

enum {
    POSTERN_BODY_NONE = 0,
    POSTERN_BODY_KNOWN = 1,
    POSTERN_BODY_CHUNKED = 2,
};

/* A request, from postern_on_request until postern_finish, postern_fail or a return of
 * postern_on_abort that does not keep it. What it points to lives as long. */
typedef struct postern_request {
    uint32_t id;
    postern_bytes method;
    postern_bytes url;
    uint32_t body;     /* POSTERN_BODY_... */
    uint64_t body_len; /* if POSTERN_BODY_KNOWN */
    postern_bytes fields;
    uint32_t pulled; /* bytes of the body that were asked for and have not come */
    void *user;      /* the Worker's own */
    struct postern_request *next;
} postern_request;

/* Why something failed. */
typedef struct {
    uint32_t code; /* POSTERN_ERROR_... */
    postern_bytes message;
} postern_error;

/* The path of the request's URL. */
postern_bytes postern_path(const postern_request *request);
/* The value of a header field; `name` in lower case. False if there is none. */
bool postern_header(const postern_request *request, const char *name, postern_bytes *value);

/* Lets `credit` more bytes of the body come; none come unasked. */
void postern_pull(postern_request *request, uint32_t credit);

/* Answers with a whole body. `content_type` may be NULL. */
void postern_respond(postern_request *request, uint16_t status, const char *content_type,
                     postern_bytes body);
/* Answers; the body follows in postern_send calls. */
void postern_respond_begin(postern_request *request, uint16_t status, const char *content_type);
/* Sends a part of the body. Returns the credit that is left; at 0 or below the Worker must wait
 * for postern_on_credit before it sends more. */
int32_t postern_send(postern_request *request, postern_bytes chunk);
/* Ends the body. */
void postern_send_end(postern_request *request);

/* Ends the invocation well, and the request: it must not be used any more. */
void postern_finish(postern_request *request);
/* Answers with an exception, at once; work for the request may go on until postern_finish. */
void postern_fail_answer(postern_request *request, const char *name, postern_bytes message);
/* Ends the invocation with an exception, and the request. */
void postern_fail(postern_request *request, const char *name, postern_bytes message);

/* ---- Operations ------------------------------------------------------------------------- */

/* An operation, until the return of the callback that tells its end. */
typedef struct postern_op {
    uint32_t id;
    uint32_t kind; /* POSTERN_OP_... */
    postern_request *request;
    bool streams; /* more events may follow its result */
    void *user;   /* the Worker's own */
    struct postern_op *next;
} postern_op;

/* Starts one for a request; it is cancelled when the request ends. NULL: no memory. */
postern_op *postern_op_start(postern_request *request, uint32_t kind, postern_bytes argument,
                             void *user);
/* Cancels it; no callback follows. */
void postern_op_cancel(postern_op *op);

postern_op *postern_timer(postern_request *request, uint64_t millis, void *user);
/* Reads a value; its result is read with postern_kv_got. */
postern_op *postern_kv_get(postern_request *request, const char *binding, postern_bytes key,
                           bool stream, void *user);
/* Writes a value. `metadata` is JSON or empty, `ttl_s` seconds or 0. */
postern_op *postern_kv_put(postern_request *request, const char *binding, postern_bytes key,
                           postern_bytes value, postern_bytes metadata, uint64_t ttl_s,
                           void *user);
postern_op *postern_kv_delete(postern_request *request, const char *binding, postern_bytes key,
                              void *user);

enum {
    POSTERN_KV_ABSENT = 0,
    POSTERN_KV_WHOLE = 1,
    POSTERN_KV_STREAM = 2,
};

/* The result of postern_kv_get. */
typedef struct {
    uint32_t body;          /* POSTERN_KV_... */
    uint64_t stream_len;    /* if POSTERN_KV_STREAM: so many bytes come in postern_on_op_chunk */
    postern_bytes metadata; /* JSON, or empty */
    uint64_t expiration;    /* seconds since 1970, or 0 */
    postern_bytes value;    /* if POSTERN_KV_WHOLE */
} postern_kv_value;

/* Reads a result; false if it is not one. */
bool postern_kv_got(postern_bytes result, postern_kv_value *value);

enum {
    POSTERN_ENV_TEXT = 0,
    POSTERN_ENV_JSON = 1,
    POSTERN_ENV_SECRET = 2,
    POSTERN_ENV_KV = 3,
    POSTERN_ENV_OTHER = 4,
};

/* What `env` has under a name: its kind (POSTERN_ENV_...) and, in `value`, its text, which lies
 * in `buffer`. Negative: minus an error code, TOO_LARGE if the buffer is too small. */
int32_t postern_env(const char *name, void *buffer, uint32_t cap, postern_bytes *value);

/* Fills `out` with random bytes fit for keys. */
void postern_random(void *out, uint32_t len);

/* Writes a line to the log. */
void postern_log(uint32_t level, postern_bytes line);

/* ---- Callbacks: what a Worker defines. All but the first may be left out. ---------------- */

/* Before the snapshot is taken: set up what all requests share. 0 is success. No operation may
 * be started, and time and randomness are not there. */
int32_t postern_on_boot(void);
/* A request begins. */
void postern_on_request(postern_request *request);
/* A part of its body; the bytes are there until this returns. */
void postern_on_body(postern_request *request, postern_bytes chunk);
/* Its body is complete, or broke off (`error` is not NULL). */
void postern_on_body_end(postern_request *request, const postern_error *error);
/* So many bytes may be sent now. */
void postern_on_credit(postern_request *request, uint32_t credit);
/* It ends before its work does; `reason` is POSTERN_ABORT_... It is finished when this returns,
 * unless the reason is POSTERN_ABORT_LEFT and this returns true: then nothing of an answer is
 * sent any more, other work for it goes on, and postern_finish ends it. */
bool postern_on_abort(postern_request *request, uint32_t reason);
/* An operation has its result, or failed (`error` is not NULL). */
void postern_on_op(postern_op *op, postern_bytes result, const postern_error *error);
/* A part of its streamed result. */
void postern_on_op_chunk(postern_op *op, postern_bytes chunk);
/* Its streamed result is complete, or broke off. */
void postern_on_op_end(postern_op *op, const postern_error *error);
/* So many bytes of its streamed argument may be sent now. */
void postern_on_op_credit(postern_op *op, uint32_t credit);

#endif
