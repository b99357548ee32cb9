import { describe, expect, it } from 'vitest';
import { messageOf, SwpError } from '../../core/error.js';
import { CommitSha, Digest, RepoId, sameRepo } from '../../core/ids.js';

describe('a repository name', () => {
  it.each(['a/b', 'Qwen/Qwen2.5-7B-Instruct', 'mlx-community/Qwen3.5-9B-OptiQ-4bit', 'a/_b', '0/9'])('%s is valid', (id) => {
    expect(RepoId.safeParse(id).success).toBe(true);
  });

  it.each([
    '',
    'a',
    '/b',
    'a/',
    'a/b/c',
    'a//b',
    '../b',
    'a/..',
    'a/b..c',
    'a/b--c',
    'a/b.git',
    'a/b.',
    'a/b-',
    '-a/b',
    '.a/b',
    'a b/c',
    'a/b?x',
    'a/b#x',
    'a/b@main',
    'a/b\n',
    'a\\b/c',
    'ä/b',
    `a/${'b'.repeat(97)}`,
    'https://huggingface.co/a/b',
  ])('%j is invalid', (id) => {
    expect(RepoId.safeParse(id).success).toBe(false);
  });

  it('is compared without case, as on the Hub', () => {
    expect(sameRepo('FoxlightAI/X', 'foxlightai/x')).toBe(true);
    expect(sameRepo('a/b', 'a/c')).toBe(false);
  });
});

it.each(['a'.repeat(39), 'a'.repeat(41), 'A'.repeat(40), 'g'.repeat(40), `${'a'.repeat(40)}\n`, 'main'])('%j is no commit SHA', (sha) => {
  expect(CommitSha.safeParse(sha).success).toBe(false);
});

it.each(['a'.repeat(64), `sha256:${'a'.repeat(63)}`, `sha256:${'A'.repeat(64)}`, `sha512:${'a'.repeat(64)}`])(
  '%j is no digest',
  (digest) => {
    expect(Digest.safeParse(digest).success).toBe(false);
  },
);

describe('an error', () => {
  it('is transient only if a service was unavailable', () => {
    expect(new SwpError('unavailable', 'x/y', 'm', { retryAfterMs: 5 })).toMatchObject({ transient: true, retryAfterMs: 5 });
    for (const kind of ['usage', 'invalid', 'stale', 'access', 'quota', 'not-found', 'conflict', 'integrity', 'internal'] as const)
      expect(new SwpError(kind, 'x/y', 'm').transient).toBe(false);
  });

  it('has a message that includes its causes, whatever was thrown', () => {
    expect(messageOf(new SwpError('internal', 'x/y', 'outer', { cause: new Error('inner', { cause: 'core' }) }))).toBe(
      'outer: inner: core',
    );
    expect(messageOf(null)).toBe('null');
    expect(messageOf(new Error('A sentence.', { cause: new Error('why') }))).toBe('A sentence: why');
    expect(messageOf(new Error('no server: refused', { cause: new Error('refused') }))).toBe('no server: refused');
  });
});
