/* What happens where a Worker defines no callback: nothing. */
#include "postern.h"

#define OPTIONAL __attribute__((weak))

OPTIONAL int32_t postern_on_boot(void) { return 0; }
OPTIONAL void postern_on_body(postern_request *request, postern_bytes chunk) {
    (void)request, (void)chunk;
}
OPTIONAL void postern_on_body_end(postern_request *request, const postern_error *error) {
    (void)request, (void)error;
}
OPTIONAL void postern_on_credit(postern_request *request, uint32_t credit) {
    (void)request, (void)credit;
}
OPTIONAL bool postern_on_abort(postern_request *request, uint32_t reason) {
    (void)request, (void)reason;
    return false;
}
OPTIONAL void postern_on_op(postern_op *op, postern_bytes result, const postern_error *error) {
    (void)op, (void)result, (void)error;
}
OPTIONAL void postern_on_op_chunk(postern_op *op, postern_bytes chunk) { (void)op, (void)chunk; }
OPTIONAL void postern_on_op_end(postern_op *op, const postern_error *error) {
    (void)op, (void)error;
}
OPTIONAL void postern_on_op_credit(postern_op *op, uint32_t credit) { (void)op, (void)credit; }
