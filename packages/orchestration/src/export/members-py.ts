/** The script that builds an export's members in Keras. It is the same for all exports and reads `export.json`. */
import { type ChannelNumbers, type PixelTransform, preprocessings } from '@chorus/models';
import { efficientnetLite0Py } from './efficientnet-lite0-py.ts';

export const membersPy = `"""The exported members as Keras 3 models; requires keras and a backend (tensorflow, ...).

    from members import load_member
    model = load_member("wide")     # the names are in ../export.json
    model.predict(images)           # float [N, S, S, 3], RGB, 0 to 255 -> probabilities [N, classes]
"""

import json
import pathlib

import keras

FOLDER = pathlib.Path(__file__).resolve().parent.parent
EXPORT = json.loads((FOLDER / "export.json").read_text(encoding="utf-8"))
CLASSES = EXPORT["classes"]

# Bit-equal to training; a Rescaling layer multiplies instead of dividing and rounds differently.
PREPROCESSING = {
${Object.values(preprocessings)
  .map((preprocessing) => `    "${preprocessing.name}": lambda image: ${pythonExpression(preprocessing)},\n`)
  .join('')}}


def load_member(name):
    """Raw images [N, S, S, 3], RGB, 0 to 255 -> probabilities [N, classes] in the order of CLASSES."""
    member = {one["name"]: one for one in EXPORT["members"]}[name]
    size = member["inputSize"]
    image = keras.Input((size, size, 3), name=f"image_{size}")
    views = [view_of(image, size, view) for view in EXPORT["views"]]
    networks = [load_network(member, weights) for weights in member["keras"]["weights"]]
    outputs = [network(view) for network in networks for view in views]
    logits = sum(outputs[1:], outputs[0]) / len(outputs)
    if len(CLASSES) == 2:  # A single logit, for the second class.
        logits = keras.ops.concatenate([keras.ops.zeros_like(logits), logits], axis=-1)
    return keras.Model(image, keras.ops.softmax(logits), name=name)


def view_of(image, size, view):
    """A view of images [N, S, S, 3]: a part, in eighths of the side, enlarged to the size of the image, then mirrored."""
    if view["crop"] is not None:
        crop = view["crop"]
        rows, columns = (enlargement(size, crop[start], crop["side"]) for start in ("top", "left"))
        image = keras.ops.einsum("nhwc,hy,wx->nyxc", image, rows, columns)
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
