/**
 * Returns the reason why a path cannot be a file of a repository, or undefined if it can. The Hub refuses paths that can break
 * git or a checkout.
 */
export const pathProblem = (path: string): string | undefined => {
  if (path === '') return 'is empty';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'must be relative';
  if (path.includes('\\')) return 'contains a backslash';
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'contains a control character';
  const segments = path.split('/');
  if (segments.includes('')) return 'contains an empty segment';
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'contains "." or ".."';
  if (segments.some((segment) => segment.toLowerCase() === '.git')) return 'contains ".git"';
  if (segments.some((segment) => Buffer.byteLength(segment) > 255)) return 'has a name above 255 bytes';
  return undefined;
};

/** Returns the directories above a path, nearest last: `a/b/c` → `a`, `a/b`. */
export const parentDirectories = (path: string): string[] => {
  const names = path.split('/');
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'));
};
