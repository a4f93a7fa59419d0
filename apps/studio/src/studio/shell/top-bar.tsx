import icon from '../../shared/icon.svg';
import type { LiveTraining } from '../server/use-training.ts';
import { addressOf, type Route } from './route.ts';

const places = [
  { title: 'Data', route: { view: 'data' }, views: ['data', 'data-set', 'class'] },
  { title: 'Train', route: { view: 'train' }, views: ['train'] },
  { title: 'Runs', route: { view: 'runs' }, views: ['runs', 'run', 'compare'] },
] as const satisfies { title: string; route: Route; views: Route['view'][] }[];

/** The way to the views, and the running training. */
export function TopBar({ view, training }: { view: Route['view']; training: LiveTraining | undefined }) {
  const isTraining = training?.state !== undefined && training.state.end === null;
  return (
    <header class="bar">
      {/* A link to the content would change the address, which names the view. */}
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>('h1')?.focus()}>
        Skip to the content
      </button>
      <a class="brand" href={addressOf({ view: 'data' })}>
        <img src={icon} alt="" width="22" height="22" />
        Chorus studio
      </a>
      <nav class="views" aria-label="Views">
        <ul>
          {places.map(({ title, route, views }) => (
            <li key={title}>
              <a
                href={addressOf(route)}
                aria-current={(views as readonly string[]).includes(view) ? 'page' : undefined}
              >
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {isTraining && (
        <a class="badge running" href={addressOf({ view: 'run', run: training.run, part: 'training' })}>
          Training …
        </a>
      )}
    </header>
  );
}
