/* The window, the dispatch of events to callbacks, and what postern.h declares. */
#include "postern.h"

#define EXPORT(name) __attribute__((export_name(name), used))

void *memcpy(void *restrict to, const void *restrict from, size_t len);

static uint8_t *window;
static uint32_t window_cap;
static postern_request *requests;
static postern_op *ops;
static uint32_t last_op;

/* ---- Encoding --------------------------------------------------------------------------- */

postern_bytes postern_text(const char *text) {
    uint32_t len = 0;
    if (text != NULL)
        while (text[len] != 0)
            len++;
    return (postern_bytes){(const uint8_t *)text, len};
}

bool postern_is(postern_bytes bytes, const char *text) {
    for (uint32_t i = 0; i < bytes.len; i++)
        if (text[i] == 0 || bytes.ptr[i] != (uint8_t)text[i])
            return false;
    return text[bytes.len] == 0;
}

postern_reader postern_reader_of(postern_bytes bytes) {
    return (postern_reader){bytes.ptr, bytes.ptr + bytes.len, false};
}

uint64_t postern_read_number(postern_reader *reader) {
    uint64_t number = 0;
    for (uint32_t shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        if (shift == 63 && byte > 1)
            break;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    reader->bad = true;
    reader->at = reader->end;
    return 0;
}

bool postern_read_bool(postern_reader *reader) {
    uint64_t number = postern_read_number(reader);
    if (number > 1)
        reader->bad = true;
    return number == 1;
}

postern_bytes postern_read_bytes(postern_reader *reader) {
    uint64_t len = postern_read_number(reader);
    if (len > (uint64_t)(reader->end - reader->at)) {
        reader->bad = true;
        reader->at = reader->end;
        len = 0;
    }
    postern_bytes bytes = {reader->at, (uint32_t)len};
    reader->at += len;
    return bytes;
}

postern_bytes postern_read_rest(postern_reader *reader) {
    postern_bytes rest = {reader->at, (uint32_t)(reader->end - reader->at)};
    reader->at = reader->end;
    return rest;
}

static void write_byte(postern_writer *writer, uint8_t byte) {
    if (writer->len < writer->cap)
        writer->buffer[writer->len] = byte;
    else
        writer->bad = true;
    writer->len++;
}

void postern_write_number(postern_writer *writer, uint64_t number) {
    while (number >= 0x80) {
        write_byte(writer, (uint8_t)number | 0x80);
        number >>= 7;
    }
    write_byte(writer, (uint8_t)number);
}

void postern_write_bool(postern_writer *writer, bool value) {
    write_byte(writer, value ? 1 : 0);
}

void postern_write_raw(postern_writer *writer, postern_bytes bytes) {
    if (!writer->bad && bytes.len <= writer->cap - writer->len)
        memcpy(writer->buffer + writer->len, bytes.ptr, bytes.len);
    else
        writer->bad = true;
    writer->len += bytes.len;
}

void postern_write_bytes(postern_writer *writer, postern_bytes bytes) {
    postern_write_number(writer, bytes.len);
    postern_write_raw(writer, bytes);
}

/* ---- Requests --------------------------------------------------------------------------- */

static postern_request *request_of(uint32_t id) {
    postern_request *request = requests;
    while (request != NULL && request->id != id)
        request = request->next;
    return request;
}

/* Frees a request and cancels its operations. */
static void request_free(postern_request *request) {
    for (postern_op *op = ops, *next; op != NULL; op = next) {
        next = op->next;
        if (op->request == request)
            postern_op_cancel(op);
    }
    postern_request **link = &requests;
    while (*link != NULL && *link != request)
        link = &(*link)->next;
    if (*link != NULL)
        *link = request->next;
    postern_free(request);
}

/* The request and its payload lie in one block. */
static int32_t request_begin(uint32_t id, postern_bytes payload) {
    postern_request *request = postern_alloc(sizeof(postern_request) + payload.len);
    if (request == NULL)
        return 1;
    uint8_t *copy = (uint8_t *)(request + 1);
    memcpy(copy, payload.ptr, payload.len);
    postern_reader reader = postern_reader_of((postern_bytes){copy, payload.len});
    *request = (postern_request){.id = id};
    request->method = postern_read_bytes(&reader);
    request->url = postern_read_bytes(&reader);
    request->body = (uint32_t)postern_read_number(&reader);
    if (request->body == POSTERN_BODY_KNOWN)
        request->body_len = postern_read_number(&reader);
    request->fields = postern_read_rest(&reader);
    if (reader.bad) {
        postern_free(request);
        return 1;
    }
    request->next = requests;
    requests = request;
    postern_on_request(request);
    return 0;
}

postern_bytes postern_path(const postern_request *request) {
    const uint8_t *at = request->url.ptr, *end = at + request->url.len;
    uint32_t slashes = 0;
    /* The path begins at the third slash of scheme://host/path. */
    for (; at < end && *at != '?' && *at != '#'; at++)
        if (*at == '/' && ++slashes == 3)
            break;
    postern_bytes path = {at, 0};
    while (at + path.len < end && at[path.len] != '?' && at[path.len] != '#')
        path.len++;
    return path.len == 0 ? POSTERN_LITERAL("/") : path;
}

bool postern_header(const postern_request *request, const char *name, postern_bytes *value) {
    postern_reader reader = postern_reader_of(request->fields);
    uint64_t count = postern_read_number(&reader);
    while (count-- > 0 && !reader.bad) {
        bool found = postern_is(postern_read_bytes(&reader), name);
        postern_bytes read = postern_read_bytes(&reader);
        if (found && !reader.bad) {
            *value = read;
            return true;
        }
    }
    return false;
}

void postern_pull(postern_request *request, uint32_t credit) {
    if (credit == 0 || request->body == POSTERN_BODY_NONE)
        return;
    request->pulled += credit;
    postern_import_body_pull(request->id, credit);
}

static void respond(postern_request *request, uint16_t status, const char *content_type,
                    postern_bytes body, uint32_t more) {
    uint8_t head[512];
    postern_writer writer = {head, sizeof head, 0, false};
    postern_write_number(&writer, status);
    postern_write_number(&writer, content_type != NULL);
    if (content_type != NULL) {
        postern_write_bytes(&writer, POSTERN_LITERAL("content-type"));
        postern_write_bytes(&writer, postern_text(content_type));
    }
    if (writer.bad)
        __builtin_trap(); /* a content type of hundreds of bytes */
    postern_import_respond(request->id, head, writer.len, body.ptr, body.len, more);
}

void postern_respond(postern_request *request, uint16_t status, const char *content_type,
                     postern_bytes body) {
    respond(request, status, content_type, body, 0);
}

void postern_respond_begin(postern_request *request, uint16_t status, const char *content_type) {
    respond(request, status, content_type, (postern_bytes){NULL, 0}, 1);
}

int32_t postern_send(postern_request *request, postern_bytes chunk) {
    return postern_import_body_chunk(request->id, chunk.ptr, chunk.len, 0);
}

void postern_send_end(postern_request *request) {
    postern_import_body_chunk(request->id, NULL, 0, 1);
}

void postern_finish(postern_request *request) {
    uint32_t id = request->id;
    request_free(request);
    postern_import_done(id, 0, NULL, 0);
}

#define EXCEPTION_MAX 1024

/* Encodes an exception; its length. */
static uint32_t exception_of(uint8_t *exception, const char *name, postern_bytes message) {
    postern_writer writer = {exception, EXCEPTION_MAX, 0, false};
    if (message.len > 512)
        message.len = 512;
    postern_bytes class_name = postern_text(name);
    if (class_name.len > 64)
        class_name.len = 64;
    postern_write_bytes(&writer, class_name);
    postern_write_bytes(&writer, message);
    postern_write_bytes(&writer, (postern_bytes){NULL, 0});
    return writer.len;
}

void postern_fail_answer(postern_request *request, const char *name, postern_bytes message) {
    uint8_t exception[EXCEPTION_MAX];
    uint32_t len = exception_of(exception, name, message);
    postern_import_fail(request->id, exception, len);
}

void postern_fail(postern_request *request, const char *name, postern_bytes message) {
    uint8_t exception[EXCEPTION_MAX];
    uint32_t len = exception_of(exception, name, message);
    uint32_t id = request->id;
    request_free(request);
    postern_import_done(id, 1, exception, len);
}

/* ---- Operations ------------------------------------------------------------------------- */

static postern_op *op_of(uint32_t id) {
    postern_op *op = ops;
    while (op != NULL && op->id != id)
        op = op->next;
    return op;
}

static void op_free(postern_op *op) {
    postern_op **link = &ops;
    while (*link != NULL && *link != op)
        link = &(*link)->next;
    if (*link != NULL)
        *link = op->next;
    postern_free(op);
}

postern_op *postern_op_start(postern_request *request, uint32_t kind, postern_bytes argument,
                             void *user) {
    postern_op *op = postern_alloc(sizeof *op);
    if (op == NULL)
        return NULL;
    do
        last_op++;
    while (op_of(last_op) != NULL);
    *op = (postern_op){last_op, kind, request, false, user, ops};
    ops = op;
    postern_import_op_start(op->id, kind, argument.ptr, argument.len);
    return op;
}

void postern_op_cancel(postern_op *op) {
    uint32_t id = op->id;
    op_free(op);
    postern_import_op_cancel(id);
}

postern_op *postern_timer(postern_request *request, uint64_t millis, void *user) {
    uint8_t argument[10];
    postern_writer writer = {argument, sizeof argument, 0, false};
    postern_write_number(&writer, millis);
    return postern_op_start(request, POSTERN_OP_TIMER, (postern_bytes){argument, writer.len},
                            user);
}

/* What all KV arguments but the value need room for. */
#define KV_HEAD_MAX (POSTERN_KV_KEY_MAX + POSTERN_KV_METADATA_MAX + 512)

static void kv_head(postern_writer *writer, const char *binding, postern_bytes key) {
    postern_write_bytes(writer, postern_text(binding));
    postern_write_bytes(writer, key);
}

/* The host refuses keys that are too long; one that does not even fit is cut, and refused. */
static postern_bytes kv_key(postern_bytes key) {
    if (key.len > POSTERN_KV_KEY_MAX + 1)
        key.len = POSTERN_KV_KEY_MAX + 1;
    return key;
}

static postern_op *kv_start(postern_request *request, uint32_t kind, const postern_writer *writer,
                            void *user) {
    if (writer->bad)
        __builtin_trap(); /* a binding's name of hundreds of bytes */
    return postern_op_start(request, kind, (postern_bytes){writer->buffer, writer->len}, user);
}

postern_op *postern_kv_get(postern_request *request, const char *binding, postern_bytes key,
                           bool stream, void *user) {
    uint8_t argument[KV_HEAD_MAX];
    postern_writer writer = {argument, sizeof argument, 0, false};
    kv_head(&writer, binding, kv_key(key));
    postern_write_bool(&writer, stream);
    return kv_start(request, POSTERN_OP_KV_GET, &writer, user);
}

postern_op *postern_kv_delete(postern_request *request, const char *binding, postern_bytes key,
                              void *user) {
    uint8_t argument[KV_HEAD_MAX];
    postern_writer writer = {argument, sizeof argument, 0, false};
    kv_head(&writer, binding, kv_key(key));
    return kv_start(request, POSTERN_OP_KV_DELETE, &writer, user);
}

postern_op *postern_kv_put(postern_request *request, const char *binding, postern_bytes key,
                           postern_bytes value, postern_bytes metadata, uint64_t ttl_s,
                           void *user) {
    if (metadata.len > POSTERN_KV_METADATA_MAX + 1)
        metadata.len = POSTERN_KV_METADATA_MAX + 1;
    uint32_t cap = KV_HEAD_MAX + value.len;
    uint8_t *argument = value.len <= POSTERN_OP_ARGUMENT_MAX ? postern_alloc(cap) : NULL;
    if (argument == NULL)
        return NULL;
    postern_writer writer = {argument, cap, 0, false};
    kv_head(&writer, binding, kv_key(key));
    postern_write_bool(&writer, metadata.len > 0);
    if (metadata.len > 0)
        postern_write_bytes(&writer, metadata);
    postern_write_bool(&writer, false);
    postern_write_bool(&writer, ttl_s > 0);
    if (ttl_s > 0)
        postern_write_number(&writer, ttl_s);
    postern_write_bool(&writer, false);
    postern_write_raw(&writer, value);
    postern_op *op = kv_start(request, POSTERN_OP_KV_PUT, &writer, user);
    postern_free(argument);
    return op;
}

bool postern_kv_got(postern_bytes result, postern_kv_value *value) {
    postern_reader reader = postern_reader_of(result);
    *value = (postern_kv_value){0};
    value->body = (uint32_t)postern_read_number(&reader);
    if (value->body == POSTERN_KV_STREAM)
        value->stream_len = postern_read_number(&reader);
    if (postern_read_bool(&reader))
        value->metadata = postern_read_bytes(&reader);
    if (postern_read_bool(&reader))
        value->expiration = postern_read_number(&reader);
    value->value = postern_read_rest(&reader);
    return !reader.bad && value->body <= POSTERN_KV_STREAM;
}

int32_t postern_env(const char *name, void *buffer, uint32_t cap, postern_bytes *value) {
    postern_bytes text = postern_text(name);
    int32_t len = postern_import_op_sync(POSTERN_SYNC_ENV_GET, text.ptr, text.len, buffer, cap);
    if (len < 0)
        return len;
    if ((uint32_t)len > cap)
        return -POSTERN_ERROR_TOO_LARGE;
    postern_reader reader = postern_reader_of((postern_bytes){buffer, (uint32_t)len});
    uint32_t kind = (uint32_t)postern_read_number(&reader);
    *value = (postern_bytes){NULL, 0};
    if (kind != POSTERN_ENV_KV)
        *value = postern_read_bytes(&reader);
    return reader.bad ? -POSTERN_ERROR_INTERNAL : (int32_t)kind;
}

void postern_random(void *out, uint32_t len) {
    for (uint32_t part; len > 0; len -= part, out = (uint8_t *)out + part) {
        part = len < POSTERN_RANDOM_MAX ? len : POSTERN_RANDOM_MAX;
        postern_import_random(out, part);
    }
}

void postern_log(uint32_t level, postern_bytes line) {
    postern_import_log(level, line.ptr, line.len);
}

/* ---- Exports ---------------------------------------------------------------------------- */

EXPORT("postern_abi_v1") void postern_export_mark(void) {}

EXPORT("postern_boot") int32_t postern_export_boot(void) {
    window_cap = 4096;
    window = postern_alloc(window_cap);
    return window == NULL ? 1 : postern_on_boot();
}

EXPORT("postern_window") void *postern_export_window(uint32_t min_len) {
    if (min_len > window_cap || window == NULL) {
        postern_free(window);
        window_cap = min_len < 4096 ? 4096 : min_len;
        window = postern_alloc(window_cap);
        if (window == NULL)
            window_cap = 0;
    }
    return window;
}

static uint32_t credit_of(postern_bytes payload) {
    const uint8_t *p = payload.ptr;
    return payload.len != 4 ? 0
                            : (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                                  (uint32_t)p[3] << 24;
}

static postern_error error_of(postern_bytes payload) {
    postern_reader reader = postern_reader_of(payload);
    postern_error error;
    error.code = (uint32_t)postern_read_number(&reader);
    error.message = postern_read_bytes(&reader);
    return error;
}

static void op_result(postern_op *op, postern_bytes payload) {
    postern_kv_value value;
    op->streams = op->kind == POSTERN_OP_KV_GET && postern_kv_got(payload, &value) &&
                  value.body == POSTERN_KV_STREAM;
    uint32_t id = op->id;
    postern_on_op(op, payload, NULL);
    /* The callback may have ended its request, and so the operation. */
    if ((op = op_of(id)) != NULL && !op->streams)
        op_free(op);
}

static void op_over(postern_op *op, const postern_error *error) {
    uint32_t id = op->id;
    if (op->streams)
        postern_on_op_end(op, error);
    else
        postern_on_op(op, (postern_bytes){NULL, 0}, error);
    if ((op = op_of(id)) != NULL)
        op_free(op);
}

EXPORT("postern_event") int32_t postern_export_event(uint32_t kind, uint32_t id, uint32_t len) {
    if (len > window_cap)
        return 1;
    postern_bytes payload = {window, len};
    postern_error error;
    postern_request *request = NULL;
    postern_op *op = NULL;
    /* An event for what is over is late, and no harm. */
    switch (kind) {
    case POSTERN_EVENT_REQUEST:
        return request_begin(id, payload);
    case POSTERN_EVENT_BODY_CHUNK:
        if ((request = request_of(id)) != NULL) {
            request->pulled = len < request->pulled ? request->pulled - len : 0;
            postern_on_body(request, payload);
        }
        return 0;
    case POSTERN_EVENT_BODY_END:
        if ((request = request_of(id)) != NULL)
            postern_on_body_end(request, NULL);
        return 0;
    case POSTERN_EVENT_BODY_ERROR:
        error = error_of(payload);
        if ((request = request_of(id)) != NULL)
            postern_on_body_end(request, &error);
        return 0;
    case POSTERN_EVENT_BODY_CREDIT:
        if ((request = request_of(id)) != NULL)
            postern_on_credit(request, credit_of(payload));
        return 0;
    case POSTERN_EVENT_ABORT:
        if ((request = request_of(id)) != NULL) {
            uint32_t reason = len == 1 && window[0] == POSTERN_ABORT_LEFT ? POSTERN_ABORT_LEFT
                                                                          : POSTERN_ABORT_OVER;
            bool kept = postern_on_abort(request, reason) && reason == POSTERN_ABORT_LEFT;
            /* Unless the callback has ended it. */
            if (!kept && request_of(id) == request)
                postern_finish(request);
        }
        return 0;
    case POSTERN_EVENT_OP_DONE:
        if ((op = op_of(id)) != NULL)
            op_result(op, payload);
        return 0;
    case POSTERN_EVENT_OP_FAILED:
        error = error_of(payload);
        if ((op = op_of(id)) != NULL)
            op_over(op, &error);
        return 0;
    case POSTERN_EVENT_OP_CHUNK:
        if ((op = op_of(id)) != NULL)
            postern_on_op_chunk(op, payload);
        return 0;
    case POSTERN_EVENT_OP_END:
        if ((op = op_of(id)) != NULL)
            op_over(op, NULL);
        return 0;
    case POSTERN_EVENT_OP_CREDIT:
        if ((op = op_of(id)) != NULL)
            postern_on_op_credit(op, credit_of(payload));
        return 0;
    default:
        return 1;
    }
}
