/* The smallest Worker in C. */
#include "postern.h"

void postern_on_request(postern_request *request) {
    postern_respond(request, 200, "text/plain;charset=UTF-8", POSTERN_LITERAL("Hello from C!\n"));
    postern_finish(request);
}
