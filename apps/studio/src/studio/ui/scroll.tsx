import type { ComponentChildren } from 'preact';

/** A table that may be wider than the page; it can be scrolled by keyboard, too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: otherwise the keys could not scroll it.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset groups controls.
    <div class="scroll" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
