import { z } from 'zod';
import { ARTIFACT_KINDS } from './artifact-kinds.js';

/** A repository on the Hub, `owner/name`, spelt as its author spelt it. Compare with {@link sameRepo}. */
export const RepoId = z
  .string()
  .max(192)
  .regex(/^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/, 'must look like owner/name')
  .refine((id) => !id.includes('..') && !id.includes('--'), 'must not contain ".." or "--" (the Hub refuses both)')
  .refine((id) => !/\.git$|[.-]$/.test(id), 'must not end in ".git", "." or "-" (the Hub refuses these)')
  .brand<'RepoId'>();
export type RepoId = z.infer<typeof RepoId>;

/** A git commit on the Hub: forty lower-case hex digits. */
export const CommitSha = z
  .string()
  .regex(/^[0-9a-f]{40}$/, 'must be a full commit SHA: 40 lower-case hex digits')
  .brand<'CommitSha'>();
export type CommitSha = z.infer<typeof CommitSha>;

/** A name for a commit: a full SHA, a branch or a tag (git check-ref-format, without its rarer characters). */
export const Revision = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9][\w./+-]*$/, 'must be a commit SHA, a branch or a tag')
  .refine((name) => !/\.\.|\/\/|\/\.|\.lock(?:\/|$)|[./]$/.test(name), 'must be a name that git accepts')
  .brand<'Revision'>();
export type Revision = z.infer<typeof Revision>;

/** A SHA-256 as 64 lower-case hex digits, without prefix: the oid of an LFS object. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256: 64 lower-case hex digits')
  .brand<'Sha256'>();
export type Sha256 = z.infer<typeof Sha256>;

/** The git blob id (SHA-1 over `blob <size>\0<bytes>`) of a file kept outside LFS. */
export const GitBlobId = z
  .string()
  .regex(/^[0-9a-f]{40}$/, 'must be a git blob id: 40 lower-case hex digits')
  .brand<'GitBlobId'>();
export type GitBlobId = z.infer<typeof GitBlobId>;

/** A digest that people read, compare and paste: `sha256:` and 64 lower-case hex digits. */
export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 lower-case hex digits')
  .brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

/** A collection on the Hub, `owner/words-id`: the id identifies it, the words come from its title. */
export const CollectionSlug = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][\w.-]{0,95}\/(?:[\w.-]+-)?[0-9a-f]{24}$/, 'must look like owner/words-id, as in the address of the collection')
  .brand<'CollectionSlug'>();
export type CollectionSlug = z.infer<typeof CollectionSlug>;

export const ArtifactKind = z.enum(ARTIFACT_KINDS);
export type ArtifactKind = z.infer<typeof ArtifactKind>;

/** Returns the owner of a repository or a collection, spelt as in its id. */
export const ownerOf = (id: RepoId | CollectionSlug): string => id.slice(0, id.indexOf('/'));

/** Returns the key of a repository in maps and locks: the Hub ignores the case of repository names. */
export const repoKey = (repo: string): string => repo.toLowerCase();

export const sameRepo = (a: string, b: string): boolean => repoKey(a) === repoKey(b);
