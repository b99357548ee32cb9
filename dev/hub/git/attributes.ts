import { parentDirectories } from '../paths.js';

/** Converts a gitattributes or gitignore glob to a regular expression; a pattern without a slash matches in every directory. */
const globToRegExp = (pattern: string): RegExp => {
  const anchored = pattern.includes('/');
  const source = pattern
    .replace(/^\//, '')
    .split(/(\*\*\/|\/\*\*$|\*|\?)/)
    .map((piece) => {
      if (piece === '**/') return '(?:.*/)?';
      if (piece === '/**') return '/.*';
      if (piece === '*') return '[^/]*';
      if (piece === '?') return '[^/]';
      return piece.replace(/[\\^$.|+()[\]{}]/g, String.raw`\$&`);
    })
    .join('');
  return new RegExp(`^${anchored ? '' : '(?:.*/)?'}${source}$`);
};

const linesOf = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

/** Returns a predicate for paths that a `.gitattributes` sends to LFS: the last matching line with a `filter` attribute decides. */
export const lfsMatcher = (gitattributes: string): ((path: string) => boolean) => {
  const rules = linesOf(gitattributes).flatMap((line) => {
    const [pattern = '', ...attributes] = line.split(/\s+/);
    const filter = attributes.findLast((attribute) => /^[-!]?filter(=|$)/.test(attribute));
    return filter === undefined ? [] : [{ matches: globToRegExp(pattern), lfs: filter === 'filter=lfs' }];
  });
  return (path) => rules.findLast((rule) => rule.matches.test(path))?.lfs ?? false;
};

/** Returns a predicate for paths that a `.gitignore` excludes; `!` includes a path again. */
export const ignoreMatcher = (gitignore: string): ((path: string) => boolean) => {
  const rules = linesOf(gitignore).map((line) => {
    const [, negation, glob = '', slash] = /^(!?)(.*?)(\/?)$/.exec(line) ?? [];
    const matches = globToRegExp(glob);
    const applies = (path: string): boolean =>
      (slash === '' && matches.test(path)) || parentDirectories(path).some((above) => matches.test(above));
    return { ignored: negation === '', applies };
  });
  return (path) => rules.findLast((rule) => rule.applies(path))?.ignored ?? false;
};

const HUB_PATTERNS = [
  '*.7z',
  '*.arrow',
  '*.bin',
  '*.bz2',
  '*.ckpt',
  '*.ftz',
  '*.gz',
  '*.h5',
  '*.joblib',
  '*.lfs.*',
  '*.mlmodel',
  '*.model',
  '*.msgpack',
  '*.npy',
  '*.npz',
  '*.onnx',
  '*.ot',
  '*.parquet',
  '*.pb',
  '*.pickle',
  '*.pkl',
  '*.pt',
  '*.pth',
  '*.rar',
  '*.safetensors',
  'saved_model/**/*',
  '*.tar.*',
  '*.tar',
  '*.tflite',
  '*.tgz',
  '*.wasm',
  '*.xz',
  '*.zip',
  '*.zst',
  '*tfevents*',
];

/** The `.gitattributes` that the Hub puts into every new model repository. */
export const DEFAULT_GITATTRIBUTES = HUB_PATTERNS.map((pattern) => `${pattern} filter=lfs diff=lfs merge=lfs -text\n`).join('');
