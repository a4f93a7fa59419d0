/**
 * HTML by template literals in which every interpolated text is escaped.
 *
 * Names of files and classes come from data sets that nobody has checked. A template refuses the places in which escaping would not be
 * enough: unquoted attributes, event handlers, styles, scripts, and addresses other than those listed here.
 */
import { displayName } from '@chorus/orchestration/display-name';

/** A fragment of HTML; only this module creates one. */
export class Html {
  readonly text: string;

  /** @internal */
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template may contain; null, undefined and false become nothing. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/**
 * Builds a fragment. Text is escaped; invisible characters, which could reverse the text around them, become visible escapes.
 *
 * @throws Error for a template with an interpolation where escaping does not help.
 * @example
 * html`<p title="${name}">${name}</p>`
 */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Html {
  let text = parts[0]!;
  for (const [index, content] of contents.entries()) {
    const place = placeOf(text);
    text += place === undefined ? contentText(content) : attributeText(place, content);
    text += parts[index + 1]!;
  }
  return new Html(text);
}

/** Marks text that a trusted library has built as HTML, such as a chart's SVG. */
export function trustedHtml(text: string): Html {
  return new Html(text);
}

/** Text in which line ends count, for an element `pre`. */
export function lines(text: string): Html[] {
  return text.split('\n').map((line) => html`${line}\n`);
}

// --- internal ---

/** Addresses that cannot run anything: places on the page, files beside it, and embedded pictures. */
const safeAddress = /^(#[\w-]+|[\w-]+(\/[\w-]+)*\.(json|csv|jsonl|md|html)|data:image\/webp;base64,[A-Za-z0-9+/=]*)$/;

/** The attribute that the end of a text is in; undefined in the content of an element. */
function placeOf(before: string): string | undefined {
  const tagStart = before.lastIndexOf('<');
  // Interpolated texts contain no literal angle brackets.
  if (tagStart <= before.lastIndexOf('>')) {
    if (/<(script|style)\b[^>]*>[^<]*$/i.test(before.slice(Math.max(0, tagStart))))
      throw new Error('a template must not interpolate into a script or a style');
    return undefined;
  }
  const attribute = /\s([a-z][\w:-]*)="[^"]*$/i.exec(before.slice(tagStart))?.[1]?.toLowerCase();
  if (attribute === undefined) throw new Error('a template must interpolate into content or a quoted attribute');
  if (attribute === 'style' || attribute === 'srcset' || attribute.startsWith('on'))
    throw new Error(`a template must not interpolate into the attribute ${attribute}`);
  return attribute;
}

function attributeText(attribute: string, content: Content): string {
  if (typeof content !== 'string' && typeof content !== 'number')
    throw new Error(`expected a text or a number for the attribute ${attribute}`);
  const text = String(content);
  if (['href', 'src', 'action', 'formaction', 'xlink:href'].includes(attribute) && !safeAddress.test(text))
    throw new Error(`expected a safe address for the attribute ${attribute}, received ${JSON.stringify(text)}`);
  return escapeText(text);
}

function contentText(content: Content): string {
  if (content === null || content === undefined || content === false) return '';
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(contentText).join('');
  // A number and its unit stay on one line.
  return escapeText(String(content)).replace(/(?<=\d) (?=%|MB|GB|ms|px)/g, '&#160;');
}

/** Escapes a text for content and for quoted attributes. */
function escapeText(text: string): string {
  return displayName(text).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
