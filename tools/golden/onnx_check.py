"""Checks ONNX files that Chorus wrote with onnx.checker, and infers the shapes of their outputs.

    python onnx_check.py FILE…

Prints one line of JSON per file: {"error"}, the reason why it is invalid, or {"outputs", "unknown"}. The outputs' types and
shapes are inferred from the inputs and the nodes alone, where a dimension is a number, a name that an input has, such as "N", or null. Unknown
are the names of values with no inferred type, or with more than one dimension that is no number.
"""

import json
import sys

import onnx
from onnx import TensorProto, checker, shape_inference


def type_and_shape(value, names):
    """Returns the name of the element type, and the dimensions: a number, one of the names, or None."""
    tensor = value.type.tensor_type
    dimensions = [one.dim_value if one.HasField("dim_value") else one.dim_param if one.dim_param in names else None
                  for one in tensor.shape.dim]
    return [TensorProto.DataType.Name(tensor.elem_type), dimensions]


def is_known(value):
    element_type, dimensions = type_and_shape(value, ())
    return element_type != "UNDEFINED" and dimensions.count(None) <= 1


def check(path):
    try:
        checker.check_model(path, full_check=True)
        model = onnx.load(path, load_external_data=False)
        # Inference merges its results into declared outputs; without their types it has to find them itself.
        for output in model.graph.output:
            output.ClearField("type")
        graph = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True).graph
    except (checker.ValidationError, shape_inference.InferenceError) as error:
        return {"error": str(error)}
    inferred = {value.name: value for value in [*graph.value_info, *graph.output]}
    results = [name for node in graph.node for name in node.output]
    # Shape inference invents names for unknown dimensions.
    given = {one.dim_param for value in graph.input for one in value.type.tensor_type.shape.dim}
    return {"outputs": {one.name: type_and_shape(one, given) for one in graph.output},
            "unknown": [name for name in results if name not in inferred or not is_known(inferred[name])]}


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(json.dumps(check(path)), flush=True)
