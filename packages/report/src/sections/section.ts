import type { Html } from '../html.ts';

/** A part of the page with a place in its table of contents. */
export interface Section {
  /** The place of its heading. */
  id: string;
  title: string;
  body: Html;
}
