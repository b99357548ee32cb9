import { describe, expect, it } from 'vitest';
import { checkCode, checkEmpty, checkGguf, checkPickles } from '../../plan/content-checks.js';

describe('files of a mirror', () => {
  it.each(['modeling.py', 'nested/Run.SH', 'lib/x.so', 'tool.exe', 'notebook.ipynb', 'page.html'])(
    'cause a warning when they are code: %s',
    (path) => {
      expect(checkCode([path, 'config.json'])).toMatchObject([
        { code: 'code-files', verdict: 'warn', message: expect.stringContaining(path) },
      ]);
    },
  );

  it.each(['pytorch_model.bin', 'a.pt', 'a.pth', 'a.pkl', 'a.CKPT', 'a.pickle', 'a.npy', 'a.npz', 'a.joblib', 'a.h5'])(
    'cause a warning when reading them may run code: %s',
    (path) => {
      expect(checkPickles([path, 'model.safetensors'])).toMatchObject([{ code: 'pickle-files', verdict: 'warn' }]);
    },
  );

  it('are counted, and the first five are named', () => {
    const paths = Array.from({ length: 12 }, (_, at) => `p${at}.py`);
    expect(checkCode(paths)[0]?.message).toMatch(/^12 code files: p0\.py, .*p4\.py and 7 more\./);
  });

  it('cause no warning when they are weights, settings or text', () => {
    const plain = ['model.safetensors', 'config.json', 'tokenizer.model', 'merges.txt', 'chat_template.jinja', 'python', 'bin'];
    expect([...checkCode(plain), ...checkPickles(plain), ...checkGguf(plain)]).toEqual([]);
  });
});

it('warns of a GGUF, because a consumer that prefers it fetches nothing else', () => {
  expect(checkGguf(['model.safetensors', 'q/model.GGUF'])).toMatchObject([
    { code: 'gguf-files', verdict: 'warn', message: expect.stringContaining('downloads only that file') },
  ]);
});

describe('an empty file', () => {
  it('is blocked when it would be written', () => {
    expect(
      checkEmpty(
        [
          { path: 'a/__init__.py', size: 0 },
          { path: 'b', size: 1 },
        ],
        [],
      ),
    ).toMatchObject([{ code: 'empty-file', verdict: 'blocked', message: expect.stringContaining('a/__init__.py') }]);
  });

  it('causes a warning when it is a foreign file of the target', () => {
    expect(checkEmpty([{ path: 'b', size: 1 }, { path: 'c' }], [{ path: '.keep', size: 0 }])).toMatchObject([
      { code: 'empty-file', verdict: 'warn', message: expect.stringContaining('.keep') },
    ]);
  });
});
