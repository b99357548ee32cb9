import { describe, expect, it } from 'vitest';
import { checkCode, checkEmpty, checkGguf, checkPickles } from '../../plan/content-checks.js';

describe('files of a mirror', () => {
  it.each(['modeling.py', 'nested/Run.SH', 'lib/x.so', 'tool.exe', 'notebook.ipynb', 'page.html'])(
    'with code are a warning: %s',
    (path) => {
      expect(checkCode([path, 'config.json'])).toMatchObject([
        { code: 'code-files', verdict: 'warn', message: expect.stringContaining(path) },
      ]);
    },
  );

  it.each(['pytorch_model.bin', 'a.pt', 'a.pth', 'a.pkl', 'a.CKPT', 'a.pickle', 'a.npy', 'a.npz', 'a.joblib', 'a.h5'])(
    'that may run code when they are read are a warning: %s',
    (path) => {
      expect(checkPickles([path, 'model.safetensors'])).toMatchObject([{ code: 'pickle-files', verdict: 'warn' }]);
    },
  );

  it('are counted, and the first are named', () => {
    const paths = Array.from({ length: 12 }, (_, at) => `p${at}.py`);
    expect(checkCode(paths)[0]?.message).toMatch(/^12 files of code: p0\.py, .*p4\.py and 7 more\./);
  });

  it('of weights, settings and text are no warning', () => {
    const plain = ['model.safetensors', 'config.json', 'tokenizer.model', 'merges.txt', 'chat_template.jinja', 'python', 'bin'];
    expect([...checkCode(plain), ...checkPickles(plain), ...checkGguf(plain)]).toEqual([]);
  });
});

it('a GGUF is a warning, since a consumer that prefers it fetches nothing else', () => {
  expect(checkGguf(['model.safetensors', 'q/model.GGUF'])).toMatchObject([
    { code: 'gguf-files', verdict: 'warn', message: expect.stringContaining('fetches only that file') },
  ]);
});

describe('an empty file', () => {
  it('is blocked where it would be written', () => {
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

  it('of somebody else is a warning', () => {
    expect(checkEmpty([{ path: 'b', size: 1 }, { path: 'c' }], [{ path: '.keep', size: 0 }])).toMatchObject([
      { code: 'empty-file', verdict: 'warn', message: expect.stringContaining('.keep') },
    ]);
  });
});
