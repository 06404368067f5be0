/* Sends a request's body back as it comes, never holding more than the chunk at hand: it asks
 * for as much as it may send. */
#include "postern.h"

void postern_on_request(postern_request *request) {
    postern_bytes type = POSTERN_LITERAL("");
    bool text = postern_header(request, "content-type", &type) && postern_is(type, "text/plain");
    postern_respond_begin(request, 200, text ? "text/plain" : "application/octet-stream");
    if (request->body == POSTERN_BODY_NONE) {
        postern_send_end(request);
        postern_finish(request);
        return;
    }
    postern_pull(request, POSTERN_BODY_CREDIT);
}

/* What may be sent and is not asked for yet, is asked for. */
static void pull(postern_request *request, int32_t credit) {
    if (credit > (int32_t)request->pulled)
        postern_pull(request, (uint32_t)credit - request->pulled);
}

void postern_on_body(postern_request *request, postern_bytes chunk) {
    pull(request, postern_send(request, chunk));
}

void postern_on_credit(postern_request *request, uint32_t credit) {
    pull(request, (int32_t)credit);
}

void postern_on_body_end(postern_request *request, const postern_error *error) {
    if (error != NULL) {
        postern_fail(request, "Error", error->message);
        return;
    }
    postern_send_end(request);
    postern_finish(request);
}
