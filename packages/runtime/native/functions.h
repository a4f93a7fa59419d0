#ifndef CHORUS_FUNCTIONS_H_
#define CHORUS_FUNCTIONS_H_

#include <node_api.h>

namespace tfnodejs {

class TFJSBackend;

// Adds the native part of compiled functions to the binding's exports. Returns
// false with a JS exception pending on failure.
bool RegisterFunctions(napi_env env, napi_value exports, TFJSBackend *backend);

}  // namespace tfnodejs

#endif  // CHORUS_FUNCTIONS_H_
