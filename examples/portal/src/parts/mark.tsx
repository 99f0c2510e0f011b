/** The portal's own sign, beside its name. */

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M9 22V10h7.2a4.4 4.4 0 0 1 2.2 8.2L23 22M9 16h7" />
    </svg>
  );
}
