import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

let isFirst = true;

/** The heading of a view. It receives the focus when the view or its part changes, so that a screen reader announces it. */
export function Heading({
  title,
  part,
  children,
}: {
  title: string;
  /** Name of the part of the view that is shown, if it has several. */
  part?: string;
  children?: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Another part is announced like another view.
  useEffect(() => {
    // At the first view, the browser has announced the title of the page.
    if (isFirst) isFirst = false;
    else heading.current?.focus();
  }, [part]);
  useEffect(() => {
    document.title = [part, title, 'Chorus studio'].filter(Boolean).join(' · ');
  }, [title, part]);
  return (
    <div class="heading">
      <h1 ref={heading} tabIndex={-1}>
        {title}
        {part !== undefined && <span class="visually-hidden">: {part}</span>}
      </h1>
      {children}
    </div>
  );
}
