/** The script that builds an export's members in Keras. It is the same for all exports and reads `export.json`. */
import { type ChannelNumbers, type PixelTransform, preprocessings } from '@chorus/models';
import { efficientnetLite0Py } from './efficientnet-lite0-py.ts';

export const membersPy = `"""The exported ensemble and its members as Keras 3 models; requires keras and a backend (tensorflow, ...).

    from members import load_ensemble, load_member
    model = load_member("wide")     # the names are in ../export.json
    model.predict(images)           # float [N, S, S, 3], RGB, 0 to 255 -> probabilities [N, classes]

As a program, with TensorFlow, it writes the ensemble or a member as a SavedModel or for TensorFlow Lite:

    python members.py savedmodel FOLDER [NAME]
    python members.py tflite FILE.tflite [NAME]
"""

import json
import pathlib
import sys
import tempfile

import keras

FOLDER = pathlib.Path(__file__).resolve().parent.parent
EXPORT = json.loads((FOLDER / "export.json").read_text(encoding="utf-8"))
CLASSES = EXPORT["classes"]

# Bit-equal to training; a Rescaling layer multiplies instead of dividing and rounds differently.
PREPROCESSING = {
${Object.values(preprocessings)
  .map((preprocessing) => `    "${preprocessing.name}": lambda image: ${pythonExpression(preprocessing)},\n`)
  .join('')}}


class UnknownMember(ValueError):
    pass


def load_ensemble():
    """Raw images, of each size in ensemble.inputs of export.json -> probabilities [N, classes] in the order of CLASSES."""
    ensemble = EXPORT["ensemble"]
    if "keras" not in ensemble:  # A student.
        return load_member(EXPORT["members"][0]["name"])
    images = {one["size"]: keras.Input((one["size"], one["size"], 3), name=one["name"]) for one in ensemble["inputs"]}
    reads, names, steps = (ensemble["keras"][key] for key in ("reads", "members", "steps"))
    members = [member_named(name) for name in names]
    values = {one["name"]: member_output(one, images[one["inputSize"]], reads) for one in members}
    for step in steps:
        values[step["to"]] = STEPS[step["op"]](step, [values[name] for name in step["of"]])
    return keras.Model(list(images.values()), values[steps[-1]["to"]], name="ensemble")


def load_member(name):
    """Raw images [N, S, S, 3], RGB, 0 to 255 -> probabilities [N, classes] in the order of CLASSES."""
    member = member_named(name)
    size = member["inputSize"]
    image = keras.Input((size, size, 3), name=f"image_{size}")
    return keras.Model(image, keras.ops.softmax(of_all_classes(member_output(member, image, "logits"))), name=name)


def member_named(name):
    members = {one["name"]: one for one in EXPORT["members"]}
    if name not in members:
        raise UnknownMember(f"Unknown member {name}; expected one of: {', '.join(members)}.")
    return members[name]


def member_output(member, image, reads):
    """Means over the views of an image: logits [N, 1] for two classes, else [N, classes], or pooled features [N, width]."""
    views = [view_of(image, member["inputSize"], view) for view in EXPORT["views"]]
    networks = [load_network(member, weights) for weights in member["keras"]["weights"]]
    if reads == "features":  # All networks have the same frozen backbone.
        networks = [keras.Model(networks[0].input, networks[0].get_layer("pooled").output)]
    outputs = [network(view) for network in networks for view in views]
    return sum(outputs[1:], outputs[0]) / len(outputs)


def of_all_classes(logits):
    """A single logit is that of the second of two classes; the other one's is 0."""
    return keras.ops.concatenate([keras.ops.zeros_like(logits), logits], axis=-1) if len(CLASSES) == 2 else logits


def dense(step, x):
    x = keras.ops.matmul(x, keras.ops.convert_to_tensor(step["kernel"], dtype="float32"))
    if "bias" in step:
        x = x + keras.ops.convert_to_tensor(step["bias"], dtype="float32")
    return keras.ops.relu(x) if step.get("activation") == "relu" else x


# What ensemble.keras of export.json is made of.
STEPS = {
    "dense": lambda step, of: dense(step, *of),
    "activation": lambda step, of: getattr(keras.ops, step["activation"])(*of),
    "rescale": lambda step, of: step["scale"] * of[0] + step["offset"],
    "concatenate": lambda step, of: keras.ops.concatenate(of, axis=-1),
    "mean": lambda step, of: sum(of[1:], of[0]) / len(of),
    "probabilities": lambda step, of: {"probabilities": keras.ops.softmax, "log_probabilities": keras.ops.log_softmax}[
        step["form"]
    ](of_all_classes(*of)),
    "logWeightedMean": lambda step, of: keras.ops.log(
        sum(weight * keras.ops.exp(x) for weight, x in zip(step["weights"], of))
    ),
}


def view_of(image, size, view):
    """A view of images [N, S, S, 3]: a part, in eighths of the side, enlarged to the size of the image, then mirrored."""
    if view["crop"] is not None:
        crop = view["crop"]
        rows, columns = (enlargement(size, crop[start], crop["side"]) for start in ("top", "left"))
        channels = keras.ops.transpose(image, (0, 3, 1, 2))
        channels = keras.ops.matmul(keras.ops.matmul(keras.ops.transpose(rows), channels), columns)
        image = keras.ops.transpose(channels, (0, 2, 3, 1))
    return keras.ops.flip(image, axis=2) if view["mirror"] else image


def enlargement(size, start, length):
    """[S, S]: column i has the shares of the pixels in pixel i of a part of the side; multiples of 1/16, so that all is exact."""
    last = size - 1
    matrix = [[0.0] * size for _ in range(size)]
    for i in range(size):
        sixteenths = min(max(2 * start * size + (2 * i + 1) * length - 8, 0), 16 * last)
        first, share = int(sixteenths // 16), sixteenths % 16 / 16
        matrix[first][i] += 1 - share
        matrix[min(first + 1, last)][i] += share
    return keras.ops.convert_to_tensor(matrix, dtype="float32")


def load_network(member, weights):
    """Raw images [N, S, S, 3] -> logits [N, 1] for two classes, else [N, classes]; not nested, for further training."""
    keras_part, size = member["keras"], member["inputSize"]
    image = keras.Input((size, size, 3))
    x = backbone_output(keras_part, PREPROCESSING[member["preprocessing"]](image))
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    x = keras.layers.Dropout(keras_part["dropout"], name="dropout")(x)
    x = keras.layers.Dense(1 if len(CLASSES) == 2 else len(CLASSES), name="head")(x)
    network = keras.Model(image, x)
    network.load_weights(FOLDER / weights)
    return network


def backbone_output(keras_part, image):
    """Preprocessed image [N, S, S, 3] -> the backbone's last feature map [N, H, W, features]."""
    name = keras_part["application"]
    if name == "tf_efficientnet_lite0":
        return tf_efficientnet_lite0(image)
    build = getattr(keras.applications, name)
    return build(include_top=False, weights=None, input_tensor=image, **keras_part["arguments"]).output


${efficientnetLite0Py}


def write(model, kind, place):
    """Writes a model for TensorFlow (savedmodel: a folder) or TensorFlow Lite (tflite: a file)."""
    if kind == "savedmodel":
        model.export(place)
        return
    import tensorflow

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder)
        content = tensorflow.lite.TFLiteConverter.from_saved_model(folder).convert()
    pathlib.Path(place).write_bytes(content)


if __name__ == "__main__":
    kind, place, *names = sys.argv[1:] if len(sys.argv) in (3, 4) else (None, None)
    if kind not in ("savedmodel", "tflite"):
        raise SystemExit("Expected: members.py savedmodel FOLDER [NAME], or members.py tflite FILE.tflite [NAME]")
    try:
        model = load_member(*names) if names else load_ensemble()
    except UnknownMember as error:
        raise SystemExit(str(error)) from None
    write(model, kind, place)
`;

/** A preprocessing as a Python expression of `image`, a Keras tensor [..., 3], RGB, 0 to 255. */
export function pythonExpression({ channelOrder, divisor, offset }: PixelTransform): string {
  const reordered = channelOrder === 'bgr' ? 'image[..., ::-1]' : 'image';
  const scaled = divisor === 1 ? '' : ` / ${pythonNumbers(divisor)}`;
  return `${reordered}${scaled}${offset === 0 ? '' : ` - ${pythonNumbers(offset)}`}`;
}

// --- internal ---

function pythonNumbers(numbers: number | ChannelNumbers): string {
  if (typeof numbers !== 'number') return `keras.ops.array([${numbers.map(pythonNumbers).join(', ')}])`;
  return Number.isInteger(numbers) ? numbers.toFixed(1) : String(numbers);
}
