/** The page of `chorus studio`. */
import '../shared/base.css';
import './elements.css';
import './shell/shell.css';
import './ui/ui.css';
import './charts/charts.css';
import './data/data.css';
import './train/train.css';
import './run/run.css';
import './runs/runs.css';
import { render } from 'preact';
import { App } from './app.tsx';

render(<App />, document.querySelector('#page')!);
