// Lowers TensorFlow's log level before libtensorflow_cc is loaded: its static
// initialisers log already, and TF_CPP_MIN_LOG_LEVEL does not reach those.
// Links libtensorflow_framework alone; loaded once per process, before the
// binding.

#include <node_api.h>

#include <cstdlib>

#include "absl/log/globals.h"

static napi_value Init(napi_env, napi_value exports) {
  // Who sets the variable wants to see the log.
  if (std::getenv("TF_CPP_MIN_LOG_LEVEL") == nullptr) {
    absl::SetMinLogLevel(absl::LogSeverityAtLeast::kError);
  }
  return exports;
}

NAPI_MODULE(chorus_quiet, Init)
