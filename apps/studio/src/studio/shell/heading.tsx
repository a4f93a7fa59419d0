import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

let isFirst = true;

/** The heading of a view. It receives the focus when the view is opened, so that a screen reader announces it. */
export function Heading({ title, children }: { title: string; children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // At the first view, the browser has announced the title of the page.
    if (isFirst) isFirst = false;
    else heading.current?.focus();
  }, []);
  useEffect(() => {
    document.title = `${title} · Chorus studio`;
  }, [title]);
  return (
    <div class="heading">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </div>
  );
}
