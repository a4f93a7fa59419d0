/** What went wrong, and a button to try again. */
export function Problem({ message, onRetry }: { message: string | undefined; onRetry?: () => void }) {
  if (message === undefined) return null;
  return (
    <div class="problem-box" role="alert">
      <p>{message}</p>
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
