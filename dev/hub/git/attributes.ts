import { parentDirectories } from '../paths.js';

/** A gitattributes or gitignore glob as a test of a path; a pattern without an inner slash matches any file name. */
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

/** Whether a `.gitattributes` sends a path to LFS: the last line that says anything about `filter` decides. */
export const lfsMatcher = (gitattributes: string): ((path: string) => boolean) => {
  const rules = linesOf(gitattributes).flatMap((line) => {
    const [pattern = '', ...attributes] = line.split(/\s+/);
    const filter = attributes.findLast((attribute) => /^[-!]?filter(=|$)/.test(attribute));
    return filter === undefined ? [] : [{ matches: globToRegExp(pattern), lfs: filter === 'filter=lfs' }];
  });
  return (path) => rules.findLast((rule) => rule.matches.test(path))?.lfs ?? false;
};

/** Whether a `.gitignore` leaves a path out; `!` takes one back in. */
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
