/** How to write a weight file with the library that has the same layers, for messages. */
import type { BackboneVariant } from '../backbones/architecture.ts';

type Reference = BackboneVariant['reference'];

/** For a file with other layers than the backbone's. */
export function howToSave(reference: Reference): string {
  if (reference.library === 'timm') return `the file must contain ${timmTensors(reference.model)}`;
  return (
    `the file must contain keras.applications.${reference.application} alone. ` +
    'To extract it from a larger model: model.get_layer(ITS NAME).save_weights("x.weights.h5").'
  );
}

/** For a file with more layers than the backbone's. @param lastLayer the backbone's last one. */
export function howToSaveWithoutTop(reference: Reference, lastLayer: string): string {
  if (reference.library === 'timm') return `save ${timmTensors(reference.model)}`;
  return `save the backbone alone: keras.Model(model.input, model.get_layer("${lastLayer}").output).save_weights("x.weights.h5").`;
}

// --- internal ---

function timmTensors(model: string): string {
  return `the tensors of timm.create_model("${model}") alone: safetensors.torch.save_file(model.state_dict(), "x.safetensors").`;
}
