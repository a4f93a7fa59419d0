/** A page for the READMEs of exports: classifies an image file and what the camera sees. */
import type { ExportContents } from './description.ts';

/**
 * A page without a build step, which draws an `<img>` or `<video>` and resizes it as training did, by the export's `resize.mjs`.
 *
 * @param elements that load the runtime, if elements do.
 * @param script lines that import the runtime, load the model and define `probabilitiesOf`, an async function that takes
 * an image `{ data, width, height }` and returns the probabilities of its classes.
 */
export function classifyPage(
  { classes, background, resize }: ExportContents,
  { elements = [], script }: { elements?: readonly string[]; script: readonly string[] },
): string {
  return `<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Classify</title>
<style>img, video { display: block; max-width: 100%; }</style>
<input type="file" accept="image/*" disabled>
<button disabled>Use the camera</button>
<p><output>Loading …</output></p>
<img alt="">
<video playsinline muted></video>
${elements.map((element) => `${element}\n`).join('')}<script type="module">
  import { ${resizeFunction(resize)} } from './resize.mjs';
${script.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}

  const classes = ${inScript(classes)};
  // Draws on the background of training; an image is drawn upright.
  const classify = async (element, width, height) => {
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.fillStyle = ${inScript(background)};
    context.fillRect(0, 0, width, height);
    context.drawImage(element, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const rgb = Uint8Array.from(data.filter((_, index) => index % 4 < 3));
    const probabilities = [...(await probabilitiesOf({ data: rgb, width, height }))];
    output.textContent = classes.map((label, index) => \`\${label} \${(100 * probabilities[index]).toFixed(1)} %\`).join(', ');
  };
  const [input, button, image, video, output] = ['input', 'button', 'img', 'video', 'output'].map((name) =>
    document.querySelector(name),
  );
  const showingErrors = (action) => async () => {
    try {
      await action();
    } catch (error) {
      output.textContent = error.message;
    }
  };
  input.onchange = showingErrors(async () => {
    output.textContent = '';
    image.src = URL.createObjectURL(input.files[0]);
    await image.decode();
    await classify(image, image.naturalWidth, image.naturalHeight);
  });
  button.onclick = showingErrors(async () => {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
    await video.play();
    const next = showingErrors(async () => {
      await classify(video, video.videoWidth, video.videoHeight);
      // Lets the page draw between two frames.
      requestAnimationFrame(next);
    });
    await next();
  });
  output.textContent = 'Ready';
  input.disabled = button.disabled = false;
</script>`;
}

/** The function of `resize.mjs` for a resize method. */
export function resizeFunction(resize: string): 'resizeLikePillow' | 'resizeLikeOpenCv' {
  return resize === 'opencv' ? 'resizeLikeOpenCv' : 'resizeLikePillow';
}

/** Sentences on how the programs of a README resize. */
export function resizingText(resize: string): string[] {
  return [
    '`resize.mjs` resizes with the same code as training, in node and in pages. Other functions, such as those of a canvas or',
    'sharp, give other pixels.',
    ...(resize === 'antialiased'
      ? ['The bundle was trained with `antialiased`, an older form of the same filter, whose values differ slightly.']
      : []),
  ];
}

/** The lines of a program in node that decode the file `photo` to `image`, on the background of training. */
export function decodingLines({ background }: ExportContents, photo: string): string[] {
  return [
    `const { data, info } = await sharp(${photo}).autoOrient().toColorspace('srgb').ensureAlpha().raw().toBuffer({ resolveWithObject: true });`,
    // In a pipeline of its own: in the first one, a gray image would make the background gray, too.
    `const image = { ...info, data: await sharp(data, { raw: info }).flatten({ background: ${inScript(background)} }).raw().toBuffer() };`,
  ];
}

// --- internal ---

/** A value as a literal in an inline script. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
