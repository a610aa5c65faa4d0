/* The reference model: an independent, plain, sequential description of what actors may do. It
 * reads a record event by event, says of each whether it is allowed at that point, and keeps its
 * own account; at points where nothing was runnable it says what should have happened by then, and
 * at the end the accounts must agree. It knows nothing of the kernel but its contract. */
#ifndef TRP_TESTS_REPLAY_MODEL_H
#define TRP_TESTS_REPLAY_MODEL_H

#include "tests/replay/record.h"
#include "tests/replay/scene.h"

/* Why the record is wrong, a constant; *at is the first event that is. NULL: it is right. */
const char *model_judge(const record *r, const outcome *o, fault_class fault, size_t *at);

#endif
