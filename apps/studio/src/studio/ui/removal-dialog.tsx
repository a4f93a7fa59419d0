import type { ComponentChildren } from 'preact';
import { closeDialog, Dialog } from './dialog.tsx';
import type { Action } from './use-action.ts';

/**
 * Asks before something is removed.
 *
 * @param props `button`: its label; `action`: runs `remove` once the button is pressed.
 */
export function RemovalDialog({
  title,
  button,
  isDangerous = false,
  action: { isRunning, start },
  remove,
  onClose,
  children,
}: {
  title: string;
  button: string;
  /** Whether it cannot be undone. */
  isDangerous?: boolean;
  action: Action;
  remove: () => Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <div class="actions end">
        <button type="button" onClick={closeDialog}>
          Cancel
        </button>
        <button
          type="button"
          class={isDangerous ? 'main danger' : 'main'}
          disabled={isRunning}
          onClick={(event) => {
            closeDialog(event);
            void start(async () => {
              await remove();
              // The button that had it is gone.
              document.querySelector<HTMLElement>('h1')?.focus();
            });
          }}
        >
          {button}
        </button>
      </div>
    </Dialog>
  );
}
