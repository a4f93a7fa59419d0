/** The script of the drop page; runs in a browser. */

interface Answer {
  error?: string;
  results?: { classes?: { label: string; probability: number }[]; error?: string }[];
}

const shownClasses = 5;
/** Requests at a time: others may use the server, too. */
const concurrency = 2;

const element = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind | null;
const files = element<HTMLInputElement>('files')!;
const drop = element('drop')!;
const status = element('status')!;
const results = element('results')!;
const token = element<HTMLInputElement>('token');

/** Ends with the requests that were started last. */
const lanes: Promise<void>[] = Array.from({ length: concurrency }, () => Promise.resolve());
let count = 0;
let doneCount = 0;

files.addEventListener('change', () => {
  classifyAll(files.files);
  // The same file may be chosen again.
  files.value = '';
});
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) drop.classList.remove('over');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  classifyAll(event.dataTransfer?.files);
});
document.addEventListener('paste', (event) => classifyAll(event.clipboardData?.files));

function classifyAll(list: FileList | null | undefined): void {
  for (const file of list ?? []) {
    const item = itemOf(file);
    results.prepend(item.element);
    const lane = count % concurrency;
    count += 1;
    lanes[lane] = lanes[lane]!.then(() => classify(file, item));
  }
  showProgress();
}

async function classify(file: File, item: Item): Promise<void> {
  const headers = new Headers({
    'Content-Type': file.type.startsWith('image/') ? file.type : 'application/octet-stream',
  });
  if (token !== null) headers.set('Authorization', `Bearer ${token.value}`);
  try {
    const response = await fetch(new URL(`classify?top=${shownClasses}`, import.meta.url), {
      method: 'POST',
      body: file,
      headers,
    });
    const { error, results: [result] = [] } = (await response.json()) as Answer;
    if (result?.classes === undefined) item.fail(error ?? result?.error ?? `The server answered ${response.status}.`);
    else item.show(result.classes);
  } catch (error) {
    item.fail(`The server did not answer: ${(error as Error).message}.`);
  }
  doneCount += 1;
  showProgress();
}

function showProgress(): void {
  const images = count === 1 ? 'image' : 'images';
  status.textContent = doneCount < count ? `${doneCount} of ${count} ${images} …` : `${count} ${images}`;
}

interface Item {
  element: HTMLElement;
  show(classes: readonly { label: string; probability: number }[]): void;
  fail(message: string): void;
}

function itemOf(file: File): Item {
  const item = document.createElement('li');
  const picture = document.createElement('img');
  const url = URL.createObjectURL(file);
  picture.alt = '';
  picture.onload = () => URL.revokeObjectURL(url);
  // A format that the browser does not show.
  picture.onerror = () => {
    URL.revokeObjectURL(url);
    picture.style.visibility = 'hidden';
  };
  picture.src = url;
  const text = document.createElement('div');
  const name = document.createElement('h2');
  name.textContent = file.name;
  text.append(name);
  item.append(picture, text);
  return {
    element: item,
    show(classes) {
      for (const { label, probability } of classes) {
        const row = document.createElement('div');
        row.className = 'class';
        const meter = document.createElement('meter');
        meter.value = probability;
        meter.setAttribute('aria-hidden', 'true');
        const [labelText, percent] = [document.createElement('span'), document.createElement('span')];
        labelText.textContent = label;
        percent.textContent = `${(100 * probability).toFixed(1)} %`;
        row.append(labelText, percent, meter);
        text.append(row);
      }
    },
    fail(message) {
      const line = document.createElement('p');
      line.className = 'failure';
      line.textContent = message;
      text.append(line);
    },
  };
}

// A module, so that its names are its own.
export {};
