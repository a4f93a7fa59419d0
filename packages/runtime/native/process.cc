// What concerns the whole process and needs no TensorFlow: loading its library
// quietly, and returning free memory to the system.
//
// libtensorflow_framework is loaded without its informational messages: its
// static initializers log before a log level can be set, regardless of
// TF_CPP_MIN_LOG_LEVEL. During loading, stderr is redirected to a temporary
// file; all other output is then written to stderr.

#include <dlfcn.h>
#include <node_api.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "absl/base/options.h"
#include "absl/log/globals.h"

namespace {

#define CHORUS_TEXT_(x) #x
#define CHORUS_TEXT(x) CHORUS_TEXT_(x)

// Abseil's informational lines begin with "I" and digits.
bool IsNotice(const std::string &line) {
  return line.rfind("I0000 ", 0) == 0 ||
         line.rfind("WARNING: All log messages before absl", 0) == 0;
}

void HandOn(FILE *captured) {
  std::rewind(captured);
  char line[4096];
  while (std::fgets(line, sizeof line, captured) != nullptr) {
    if (!IsNotice(line)) std::fputs(line, stderr);
  }
}

void *LoadCapturing(const char *path) {
  FILE *captured = std::tmpfile();
  const int saved = captured == nullptr ? -1 : dup(STDERR_FILENO);
  if (saved >= 0) dup2(fileno(captured), STDERR_FILENO);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (saved >= 0) {
    std::fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    HandOn(captured);
  }
  if (captured != nullptr) std::fclose(captured);
  return library;
}

// The library is not linked, so that it is not loaded earlier; its function is
// therefore looked up by its mangled name, which contains Abseil's version.
void RaiseLogLevel(void *library) {
  const std::string version = CHORUS_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  const std::string name = "_ZN4absl" + std::to_string(version.size()) +
                           version +
                           "14SetMinLogLevelENS0_18LogSeverityAtLeastE";
  void *symbol = dlsym(library, name.c_str());
  if (symbol == nullptr) return;
  reinterpret_cast<void (*)(absl::LogSeverityAtLeast)>(symbol)(
      absl::LogSeverityAtLeast::kError);
}

// Keeps the addon loaded: node unloads it with the last thread that required
// it, which would reset the once_flag.
void StayLoaded() {
  Dl_info addon;
  if (dladdr(reinterpret_cast<void *>(&StayLoaded), &addon) != 0) {
    dlopen(addon.dli_fname, RTLD_NOW | RTLD_NODELETE);
  }
}

// loadQuietly(path): takes effect once per process; does nothing if
// TF_CPP_MIN_LOG_LEVEL is set, so that the messages are shown.
napi_value LoadQuietly(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argument;
  char path[4096];
  if (napi_get_cb_info(env, info, &argc, &argument, nullptr, nullptr) !=
          napi_ok ||
      argc < 1 ||
      napi_get_value_string_utf8(env, argument, path, sizeof path, nullptr) !=
          napi_ok) {
    napi_throw_error(env, nullptr, "Expected loadQuietly(path)");
    return nullptr;
  }
  static std::once_flag once;
  std::call_once(once, [&path] {
    StayLoaded();
    if (std::getenv("TF_CPP_MIN_LOG_LEVEL") != nullptr) return;
    void *library = LoadCapturing(path);
    // If loading fails, loading the binding reports the reason.
    if (library != nullptr) RaiseLogLevel(library);
  });
  return nullptr;
}

// releaseFreeMemory(): glibc gives threads up to eight arenas per processor and
// keeps what is freed in them; other C libraries return it on their own.
napi_value ReleaseFreeMemory(napi_env, napi_callback_info) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return nullptr;
}

void Export(napi_env env, napi_value exports, const char *name,
            napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr,
                           &function) == napi_ok) {
    napi_set_named_property(env, exports, name, function);
  }
}

}  // namespace

static napi_value Init(napi_env env, napi_value exports) {
  Export(env, exports, "loadQuietly", LoadQuietly);
  Export(env, exports, "releaseFreeMemory", ReleaseFreeMemory);
  return exports;
}

NAPI_MODULE(chorus_process, Init)
