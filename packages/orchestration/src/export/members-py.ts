/** The script that builds an export's members in Keras; the same for all exports: it reads their members from `export.json`. */
import { type ChannelNumbers, type PixelTransform, preprocessings } from '@chorus/models';

export const membersPy = `"""The members of the ensemble as Keras 3 models; needs keras and a backend (tensorflow, ...).

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

# As in training, to the last bit; a Rescaling layer multiplies and rounds differently.
PREPROCESSING = {
${Object.values(preprocessings)
  .map((preprocessing) => `    "${preprocessing.name}": lambda image: ${pythonExpression(preprocessing)},\n`)
  .join('')}}


def load_member(name):
    """Raw images [N, S, S, 3], RGB, 0 to 255 -> probabilities [N, classes] in the order of CLASSES."""
    member = {one["name"]: one for one in EXPORT["members"]}[name]
    size = member["inputSize"]
    image = keras.Input((size, size, 3), name=f"image_{size}")
    views = [image, keras.ops.flip(image, axis=2)] if EXPORT["testTimeAugmentation"] else [image]
    networks = [load_network(member, weights) for weights in member["keras"]["weights"]]
    answers = [network(view) for network in networks for view in views]
    logits = sum(answers[1:], answers[0]) / len(answers)
    if len(CLASSES) == 2:  # One logit, of the second class.
        logits = keras.ops.concatenate([keras.ops.zeros_like(logits), logits], axis=-1)
    return keras.Model(image, keras.ops.softmax(logits), name=name)


def load_network(member, weights):
    """Raw images [N, S, S, 3] -> logits [N, 1] for two classes, else [N, classes]; layers on one level, to train on."""
    keras_part, size = member["keras"], member["inputSize"]
    image = keras.Input((size, size, 3))
    backbone = getattr(keras.applications, keras_part["application"])(
        include_top=False,
        weights=None,
        input_tensor=PREPROCESSING[member["preprocessing"]](image),
        **keras_part["arguments"],
    )
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(backbone.output)
    x = keras.layers.Dropout(keras_part["dropout"], name="dropout")(x)
    x = keras.layers.Dense(1 if len(CLASSES) == 2 else len(CLASSES), name="head")(x)
    network = keras.Model(image, x)
    network.load_weights(FOLDER / weights)
    return network
`;

/** A preprocessing as an expression of `image`, a Keras tensor [..., 3], RGB, 0 to 255. */
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
