/** The page of `chorus studio`. */
import { render } from 'preact';
import { App } from './app.tsx';

render(<App />, document.querySelector('#page')!);
