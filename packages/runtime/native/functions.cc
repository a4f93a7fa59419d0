// Functions: ops are recorded to a graph, which then runs as one op.
//
// Part of the binding: compiled with the npm package's sources, whose patch
// registers it and gives it access to tensors by id.

#include "functions.h"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"
#include "tf_auto_status.h"
#include "tfe_auto_op.h"
#include "tfjs_backend.h"
#include "utils.h"

namespace tfnodejs {
namespace {

class FunctionGraph {
 public:
  FunctionGraph() : graph(TF_NewGraph()) {}
  ~FunctionGraph() { TF_DeleteGraph(graph); }
  FunctionGraph(const FunctionGraph &) = delete;

  TF_Graph *const graph;
  // JS refers to both by index.
  std::vector<TF_Operation *> operations;
  std::vector<TF_Output> outputs;
};

// State of one environment.
struct Functions {
  TFJSBackend *backend;
  std::unordered_map<int32_t, std::unique_ptr<FunctionGraph>> graphs;
  int32_t next_graph = 0;
};

class Buffer {
 public:
  Buffer() : buffer(TF_NewBuffer()) {}
  ~Buffer() { TF_DeleteBuffer(buffer); }
  TF_Buffer *const buffer;
};

// Arguments of one call; every getter throws a JS exception and returns false
// for an invalid value.
class Call {
 public:
  static constexpr size_t kMaximum = 6;

  Call(napi_env env, napi_callback_info info) : env(env), count_(kMaximum) {
    void *data = nullptr;
    napi_get_cb_info(env, info, &count_, values, nullptr, &data);
    functions = static_cast<Functions *>(data);
  }

  bool Expects(size_t count) {
    if (count_ == count) return true;
    NAPI_THROW_ERROR(env, "Expected %zu arguments, received %zu", count,
                     count_);
    return false;
  }

  bool Get(napi_value value, int32_t *result) {
    return EnsureNapiOK(env, napi_get_value_int32(env, value, result), __FILE__,
                        __LINE__);
  }

  bool Get(napi_value value, std::string *result) {
    size_t length;
    if (!EnsureNapiOK(env,
                      napi_get_value_string_utf8(env, value, nullptr, 0,
                                                 &length),
                      __FILE__, __LINE__)) {
      return false;
    }
    result->resize(length + 1);
    if (!EnsureNapiOK(env,
                      napi_get_value_string_utf8(env, value, &(*result)[0],
                                                 length + 1, &length),
                      __FILE__, __LINE__)) {
      return false;
    }
    result->resize(length);
    return true;
  }

  // Data of a typed array; valid until the call returns.
  template <typename T>
  bool Get(napi_value value, const T **data, size_t *length) {
    napi_typedarray_type type;
    void *bytes = nullptr;
    if (!EnsureNapiOK(env,
                      napi_get_typedarray_info(env, value, &type, length,
                                               &bytes, nullptr, nullptr),
                      __FILE__, __LINE__)) {
      return false;
    }
    const bool fits = sizeof(T) == 1 ? type == napi_uint8_array
                                     : type == napi_int32_array;
    if (!fits) {
      NAPI_THROW_ERROR(env, "Unexpected type of typed array");
      return false;
    }
    *data = static_cast<const T *>(bytes);
    return true;
  }

  bool Length(napi_value array, uint32_t *length) {
    return EnsureNapiOK(env, napi_get_array_length(env, array, length),
                        __FILE__, __LINE__);
  }

  bool Element(napi_value array, uint32_t index, napi_value *element) {
    return EnsureNapiOK(env, napi_get_element(env, array, index, element),
                        __FILE__, __LINE__);
  }

  FunctionGraph *Graph(napi_value value) {
    int32_t id;
    if (!Get(value, &id)) return nullptr;
    auto found = functions->graphs.find(id);
    if (found != functions->graphs.end()) return found->second.get();
    NAPI_THROW_ERROR(env, "There is no graph %d", id);
    return nullptr;
  }

  bool Output(const FunctionGraph &graph, int32_t index, TF_Output *output) {
    if (index >= 0 && static_cast<size_t>(index) < graph.outputs.size()) {
      *output = graph.outputs[index];
      return true;
    }
    NAPI_THROW_ERROR(env, "There is no output %d", index);
    return false;
  }

  bool Outputs(const FunctionGraph &graph, napi_value value,
               std::vector<TF_Output> *outputs) {
    const int32_t *indices;
    size_t length;
    if (!Get(value, &indices, &length)) return false;
    for (size_t i = 0; i < length; i++) {
      TF_Output output;
      if (!Output(graph, indices[i], &output)) return false;
      outputs->push_back(output);
    }
    return true;
  }

  bool Operations(const FunctionGraph &graph, napi_value value,
                  std::vector<TF_Operation *> *operations) {
    const int32_t *indices;
    size_t length;
    if (!Get(value, &indices, &length)) return false;
    for (size_t i = 0; i < length; i++) {
      if (indices[i] < 0 ||
          static_cast<size_t>(indices[i]) >= graph.operations.size()) {
        NAPI_THROW_ERROR(env, "There is no operation %d", indices[i]);
        return false;
      }
      operations->push_back(graph.operations[indices[i]]);
    }
    return true;
  }

  // TensorFlow's message without truncation.
  bool Ok(const TF_AutoStatus &status) {
    TF_Code code = TF_GetCode(status.status);
    if (code == TF_OK) return true;
    napi_throw_error(
        env, code == TF_RESOURCE_EXHAUSTED ? "RESOURCE_EXHAUSTED" : nullptr,
        TF_Message(status.status));
    return false;
  }

  const napi_env env;
  napi_value values[kMaximum];
  Functions *functions = nullptr;

 private:
  size_t count_;
};

napi_value Undefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

napi_value Bytes(napi_env env, const TF_Buffer *buffer) {
  void *copy;
  napi_value memory;
  napi_value bytes;
  ENSURE_NAPI_OK_RETVAL(
      env, napi_create_arraybuffer(env, buffer->length, &copy, &memory),
      nullptr);
  if (buffer->length > 0) memcpy(copy, buffer->data, buffer->length);
  ENSURE_NAPI_OK_RETVAL(env,
                        napi_create_typedarray(env, napi_uint8_array,
                                               buffer->length, memory, 0,
                                               &bytes),
                        nullptr);
  return bytes;
}

bool SetNumber(napi_env env, napi_value object, const char *name,
               int64_t number) {
  napi_value value;
  return napi_create_int64(env, number, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

// Returns { id, dtype, shape }, the binding's description of a tensor; shape is
// null if unknown.
napi_value DescribeOutput(napi_env env, TF_Graph *graph, TF_Output output,
                          int32_t index) {
  napi_value description;
  ENSURE_NAPI_OK_RETVAL(env, napi_create_object(env, &description), nullptr);
  TF_AutoStatus status;
  std::vector<int64_t> shape;
  const int rank = TF_GraphGetTensorNumDims(graph, output, status.status);
  bool is_known = TF_GetCode(status.status) == TF_OK && rank >= 0;
  if (is_known) {
    shape.resize(rank);
    TF_GraphGetTensorShape(graph, output, shape.data(), rank, status.status);
    for (int64_t side : shape) is_known = is_known && side >= 0;
  }
  napi_value shape_value;
  if (is_known) {
    ENSURE_NAPI_OK_RETVAL(
        env, napi_create_array_with_length(env, shape.size(), &shape_value),
        nullptr);
    for (uint32_t i = 0; i < shape.size(); i++) {
      napi_value side;
      ENSURE_NAPI_OK_RETVAL(env, napi_create_int64(env, shape[i], &side),
                            nullptr);
      ENSURE_NAPI_OK_RETVAL(env, napi_set_element(env, shape_value, i, side),
                            nullptr);
    }
  } else {
    ENSURE_NAPI_OK_RETVAL(env, napi_get_null(env, &shape_value), nullptr);
  }
  if (!SetNumber(env, description, "id", index) ||
      !SetNumber(env, description, "dtype", TF_OperationOutputType(output))) {
    return nullptr;
  }
  ENSURE_NAPI_OK_RETVAL(
      env, napi_set_named_property(env, description, "shape", shape_value),
      nullptr);
  return description;
}

// createGraph() → number
napi_value CreateGraph(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (!call.Expects(0)) return nullptr;
  const int32_t id = call.functions->next_graph++;
  call.functions->graphs[id].reset(new FunctionGraph());
  napi_value value;
  ENSURE_NAPI_OK_RETVAL(env, napi_create_int32(env, id, &value), nullptr);
  return value;
}

// deleteGraph(graph)
napi_value DeleteGraph(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int32_t id;
  if (!call.Expects(1) || !call.Get(call.values[0], &id)) return nullptr;
  call.functions->graphs.erase(id);
  return Undefined(env);
}

// operationDefinition(graph, type) → Uint8Array: the serialized OpDef
napi_value OperationDefinition(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (!call.Expects(2)) return nullptr;
  FunctionGraph *const graph = call.Graph(call.values[0]);
  std::string type;
  if (graph == nullptr || !call.Get(call.values[1], &type)) return nullptr;
  TF_AutoStatus status;
  Buffer definition;
  TF_GraphGetOpDef(graph->graph, type.c_str(), definition.buffer,
                   status.status);
  if (!call.Ok(status)) return nullptr;
  return Bytes(env, definition.buffer);
}

bool AddInputs(Call *call, const FunctionGraph &graph, napi_value inputs,
               TF_OperationDescription *description) {
  uint32_t count;
  if (!call->Length(inputs, &count)) return false;
  for (uint32_t i = 0; i < count; i++) {
    napi_value input;
    bool is_list;
    if (!call->Element(inputs, i, &input) ||
        napi_is_typedarray(call->env, input, &is_list) != napi_ok) {
      return false;
    }
    if (is_list) {
      std::vector<TF_Output> outputs;
      if (!call->Outputs(graph, input, &outputs)) return false;
      TF_AddInputList(description, outputs.data(), outputs.size());
    } else {
      int32_t index;
      TF_Output output;
      if (!call->Get(input, &index) || !call->Output(graph, index, &output)) {
        return false;
      }
      TF_AddInput(description, output);
    }
  }
  return true;
}

// Pairs of a name and a serialized AttrValue.
bool SetAttributes(Call *call, napi_value attributes,
                   TF_OperationDescription *description) {
  uint32_t count;
  if (!call->Length(attributes, &count)) return false;
  for (uint32_t i = 0; i + 1 < count; i += 2) {
    napi_value name_value;
    napi_value bytes_value;
    std::string name;
    const uint8_t *bytes;
    size_t length;
    if (!call->Element(attributes, i, &name_value) ||
        !call->Element(attributes, i + 1, &bytes_value) ||
        !call->Get(name_value, &name) ||
        !call->Get(bytes_value, &bytes, &length)) {
      return false;
    }
    TF_AutoStatus status;
    TF_SetAttrValueProto(description, name.c_str(), bytes, length,
                         status.status);
    if (!call->Ok(status)) return false;
  }
  return true;
}

// addOperation(graph, type, inputs: (number | Int32Array)[],
//   attributes: (string | Uint8Array)[], controls: Int32Array of operations)
//   → { operation: number, outputs: { id, dtype, shape | null }[] }
napi_value AddOperation(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (!call.Expects(5)) return nullptr;
  FunctionGraph *const graph = call.Graph(call.values[0]);
  std::string type;
  std::vector<TF_Operation *> controls;
  if (graph == nullptr || !call.Get(call.values[1], &type) ||
      !call.Operations(*graph, call.values[4], &controls)) {
    return nullptr;
  }
  const std::string name = type + "_" + std::to_string(graph->operations.size());
  TF_OperationDescription *const description =
      TF_NewOperation(graph->graph, type.c_str(), name.c_str());
  const bool is_described =
      AddInputs(&call, *graph, call.values[2], description) &&
      SetAttributes(&call, call.values[3], description);
  for (TF_Operation *control : controls) {
    TF_AddControlInput(description, control);
  }
  // Also needed for an incomplete operation: only this call frees the
  // description.
  TF_AutoStatus status;
  TF_Operation *const operation =
      TF_FinishOperation(description, status.status);
  if (!is_described) {
    bool is_pending = false;
    napi_is_exception_pending(env, &is_pending);
    if (!is_pending) NAPI_THROW_ERROR(env, "%s cannot be added", type.c_str());
    return nullptr;
  }
  if (!call.Ok(status)) return nullptr;

  napi_value outputs;
  const int count = TF_OperationNumOutputs(operation);
  ENSURE_NAPI_OK_RETVAL(
      env, napi_create_array_with_length(env, count, &outputs), nullptr);
  for (int i = 0; i < count; i++) {
    const TF_Output output{operation, i};
    napi_value output_value = DescribeOutput(env, graph->graph, output,
                                             graph->outputs.size());
    if (output_value == nullptr) return nullptr;
    graph->outputs.push_back(output);
    ENSURE_NAPI_OK_RETVAL(env, napi_set_element(env, outputs, i, output_value),
                          nullptr);
  }
  napi_value result;
  ENSURE_NAPI_OK_RETVAL(env, napi_create_object(env, &result), nullptr);
  if (!SetNumber(env, result, "operation", graph->operations.size())) {
    return nullptr;
  }
  graph->operations.push_back(operation);
  ENSURE_NAPI_OK_RETVAL(
      env, napi_set_named_property(env, result, "outputs", outputs), nullptr);
  return result;
}

// setShape(graph, output, shape: Int32Array): sets a shape that TensorFlow
// cannot infer
napi_value SetShape(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int32_t index;
  TF_Output output;
  const int32_t *sides;
  size_t rank;
  if (!call.Expects(3)) return nullptr;
  FunctionGraph *const graph = call.Graph(call.values[0]);
  if (graph == nullptr || !call.Get(call.values[1], &index) ||
      !call.Output(*graph, index, &output) ||
      !call.Get(call.values[2], &sides, &rank)) {
    return nullptr;
  }
  const std::vector<int64_t> shape(sides, sides + rank);
  TF_AutoStatus status;
  TF_GraphSetTensorShape(graph->graph, output, shape.data(), rank,
                         status.status);
  if (!call.Ok(status)) return nullptr;
  return Undefined(env);
}

// addFunction(graph, name, inputs, outputs, controls, operations: Int32Array
//   of operations): adds them to this thread's context as a single op
napi_value AddFunction(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (!call.Expects(6)) return nullptr;
  FunctionGraph *const graph = call.Graph(call.values[0]);
  std::string name;
  std::vector<TF_Output> inputs;
  std::vector<TF_Output> outputs;
  std::vector<TF_Operation *> controls;
  std::vector<TF_Operation *> operations;
  if (graph == nullptr || !call.Get(call.values[1], &name) ||
      !call.Outputs(*graph, call.values[2], &inputs) ||
      !call.Outputs(*graph, call.values[3], &outputs) ||
      !call.Operations(*graph, call.values[4], &controls) ||
      !call.Operations(*graph, call.values[5], &operations)) {
    return nullptr;
  }
  TF_AutoStatus status;
  TF_Function *const function = TF_GraphToFunctionWithControlOutputs(
      graph->graph, name.c_str(), /*append_hash_to_fn_name=*/false,
      operations.size(), operations.data(), inputs.size(), inputs.data(), outputs.size(),
      outputs.data(), nullptr, controls.size(), controls.data(), nullptr,
      nullptr, nullptr, status.status);
  if (!call.Ok(status)) return nullptr;
  TFE_ContextAddFunction(call.functions->backend->context(), function,
                         status.status);
  TF_DeleteFunction(function);
  if (!call.Ok(status)) return nullptr;
  return Undefined(env);
}

// removeFunction(name)
napi_value RemoveFunction(napi_env env, napi_callback_info info) {
  Call call(env, info);
  std::string name;
  if (!call.Expects(1) || !call.Get(call.values[0], &name)) return nullptr;
  TF_AutoStatus status;
  TFE_ContextRemoveFunction(call.functions->backend->context(), name.c_str(),
                            status.status);
  if (!call.Ok(status)) return nullptr;
  // The context keeps the instance of every op that it has ever run.
  TFE_ContextClearCaches(call.functions->backend->context());
  return Undefined(env);
}

// callFunction(name, config: Uint8Array, inputs: Int32Array of tensors,
//   outputCount) → { id, dtype, shape }[]
napi_value CallFunction(napi_env env, napi_callback_info info) {
  Call call(env, info);
  std::string name;
  const uint8_t *config;
  size_t config_length;
  const int32_t *inputs;
  size_t input_count;
  int32_t output_count;
  if (!call.Expects(4) || !call.Get(call.values[0], &name) ||
      !call.Get(call.values[1], &config, &config_length) ||
      !call.Get(call.values[2], &inputs, &input_count) ||
      !call.Get(call.values[3], &output_count)) {
    return nullptr;
  }
  TFJSBackend *const backend = call.functions->backend;
  TF_AutoStatus status;
  TFE_AutoOp op(TFE_NewOp(backend->context(), name.c_str(), status.status));
  if (!call.Ok(status)) return nullptr;
  TFE_OpSetDevice(op.op, backend->device().c_str(), status.status);
  if (!call.Ok(status)) return nullptr;
  TFE_OpSetAttrString(op.op, "config_proto",
                      reinterpret_cast<const char *>(config), config_length);
  for (size_t i = 0; i < input_count; i++) {
    TFE_TensorHandle *const handle = backend->FindHandle(inputs[i]);
    if (handle == nullptr) {
      NAPI_THROW_ERROR(env, "There is no tensor %d", inputs[i]);
      return nullptr;
    }
    TFE_OpAddInput(op.op, handle, status.status);
    if (!call.Ok(status)) return nullptr;
  }
  std::vector<TFE_TensorHandle *> handles(output_count, nullptr);
  int count = output_count;
  TFE_Execute(op.op, handles.data(), &count, status.status);
  if (!call.Ok(status)) return nullptr;
  napi_value results;
  ENSURE_NAPI_OK_RETVAL(
      env, napi_create_array_with_length(env, count, &results), nullptr);
  for (int i = 0; i < count; i++) {
    napi_value result = backend->GenerateOutputTensorInfo(env, handles[i]);
    ENSURE_NAPI_OK_RETVAL(env, napi_set_element(env, results, i, result),
                          nullptr);
  }
  return results;
}

// collectRunMetadata(enabled): collects the graphs as run and the op times
napi_value CollectRunMetadata(napi_env env, napi_callback_info info) {
  Call call(env, info);
  bool collects;
  if (!call.Expects(1)) return nullptr;
  ENSURE_NAPI_OK_RETVAL(env,
                        napi_get_value_bool(env, call.values[0], &collects),
                        nullptr);
  TFE_Context *const context = call.functions->backend->context();
  if (collects) {
    TFE_ContextEnableRunMetadata(context);
  } else {
    TFE_ContextDisableRunMetadata(context);
  }
  return Undefined(env);
}

// runMetadata() → Uint8Array: the serialized RunMetadata since the last call
napi_value RunMetadata(napi_env env, napi_callback_info info) {
  Call call(env, info);
  if (!call.Expects(0)) return nullptr;
  TF_AutoStatus status;
  Buffer metadata;
  TFE_ContextExportRunMetadata(call.functions->backend->context(),
                               metadata.buffer, status.status);
  if (!call.Ok(status)) return nullptr;
  return Bytes(env, metadata.buffer);
}

}  // namespace

bool RegisterFunctions(napi_env env, napi_value exports, TFJSBackend *backend) {
  auto *const functions = new Functions{backend, {}, 0};
  napi_add_env_cleanup_hook(
      env, [](void *data) { delete static_cast<Functions *>(data); },
      functions);
  const std::pair<const char *, napi_callback> entries[] = {
      {"createGraph", CreateGraph},
      {"deleteGraph", DeleteGraph},
      {"operationDefinition", OperationDefinition},
      {"addOperation", AddOperation},
      {"setShape", SetShape},
      {"addFunction", AddFunction},
      {"removeFunction", RemoveFunction},
      {"callFunction", CallFunction},
      {"collectRunMetadata", CollectRunMetadata},
      {"runMetadata", RunMetadata},
  };
  for (const auto &entry : entries) {
    napi_value function;
    ENSURE_NAPI_OK_RETVAL(
        env,
        napi_create_function(env, entry.first, NAPI_AUTO_LENGTH, entry.second,
                             functions, &function),
        false);
    ENSURE_NAPI_OK_RETVAL(
        env, napi_set_named_property(env, exports, entry.first, function),
        false);
  }
  return true;
}

}  // namespace tfnodejs
