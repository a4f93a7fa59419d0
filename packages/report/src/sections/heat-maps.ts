/** Grad-CAM of a picture, member by member. */
import { heatColor } from '@chorus/data';
import type { GradCam, GradCamImage } from '@chorus/orchestration';
import { heatPlace } from '../heat-place.ts';
import { type Html, html } from '../html.ts';
import type { Pictures } from '../pictures.ts';

/** The maps of the run that show evidence for a class of an image. */
export function mapsOf(gradCam: GradCam | null, path: string, name: string): GradCamImage | undefined {
  return gradCam?.images.find((image) => image.path === path && image.class === name);
}

/** A picture for the ensemble and for each member, or the reason why they are missing; null without maps. */
export async function heatMaps(image: GradCamImage | undefined, pictures: Pictures): Promise<Html | null> {
  if (image === undefined) return null;
  const all = [{ name: 'ensemble', map: image.ensemble }, ...image.members].map(({ name, map }) => ({
    ...{ name, map },
    place: heatPlace(map),
  }));
  const shown = await pictures.showHeatMaps(
    image.path,
    all.map(({ name, map, place }) => ({
      map,
      text:
        place === undefined
          ? `Grad-CAM of ${name}: no evidence for ${image.class}`
          : `Grad-CAM of ${name}: evidence for ${image.class}, ${place}`,
    })),
  );
  if (typeof shown === 'string') return html`<p class="path">Grad-CAM: ${shown}</p>`;
  return html`<ul class="maps">${shown.map(
    (picture, index) =>
      html`<li>${picture}<span title="${all[index]!.name}">${all[index]!.name}</span>${all[index]!.place === undefined && html`<span>no evidence</span>`}</li>`,
  )}</ul>`;
}

/** The colors of the maps, from no evidence to the strongest of a picture. */
export function heatScale(): Html {
  const steps = 24;
  const boxes = Array.from({ length: steps }, (_, step) => {
    const color = heatColor(step / (steps - 1)).map(Math.round);
    return html`<rect x="${step}" width="1.5" height="1" fill="${`rgb(${color.join()})`}"/>`;
  });
  return html`<p class="scale">no evidence <svg viewBox="${`0 0 ${steps} 1`}" preserveAspectRatio="none" shape-rendering="crispEdges" aria-hidden="true" focusable="false">${boxes}</svg> strongest evidence</p>`;
}
