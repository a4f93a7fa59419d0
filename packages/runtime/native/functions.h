#ifndef CHORUS_FUNCTIONS_H_
#define CHORUS_FUNCTIONS_H_

#include <node_api.h>

namespace tfnodejs {

class TFJSBackend;

// Adds what compiled functions need to the binding. Returns false with a JS
// exception pending.
bool RegisterFunctions(napi_env env, napi_value exports, TFJSBackend *backend);

}  // namespace tfnodejs

#endif  // CHORUS_FUNCTIONS_H_
