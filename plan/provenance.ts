import { z } from 'zod';
import { CommitSha, Digest, GitBlobId, RepoId, Sha256 } from '../core/ids.js';
import { SwpError } from '../core/error.js';
import { faultText, listToFirstFault, parseOrFaults } from '../core/faults.js';
import { sanitizeLine } from '../core/text.js';
import { canonicalJson } from '../core/digests.js';
import { DecisionRecord } from './decision.js';
import { makeManifest, ManifestFile, type Manifest } from './manifest.js';
import { Recipe } from './recipe.js';
import { SourceProof } from './source-proof.js';

export const PROVENANCE_PATH = 'provenance.json';
/**
 * In bytes. Any file that we write is smaller (a subject takes about 250 bytes, and 450 more with samples); a larger
 * one is not read.
 */
export const PROVENANCE_LIMIT = 64 * 1024 * 1024;

/**
 * Limit of objects, lists and fields in a statement. A file takes ten, and five more for each of its samples. A statement with
 * more would take minutes to parse.
 */
const MOST_NODES = 3_000_000;

/** Facts that, besides the recipe, may affect the last bits of a host's results. */
export const BuildEnvironment = z.strictObject({
  cpu: z.string().min(1).max(200),
  /** The shared library that larql computes with; null if it is unknown. */
  blas: z.strictObject({ name: z.string().min(1).max(200), sha256: Sha256 }).nullable(),
});
export type BuildEnvironment = z.infer<typeof BuildEnvironment>;

const Subject = z
  .strictObject({
    name: z.string().min(1),
    digest: z.strictObject({ sha256: Sha256, gitBlob: GitBlobId.optional() }),
    annotations: z.strictObject({ size: z.int().nonnegative(), samples: ManifestFile.shape.samples }),
  })
  .refine(({ annotations: { size, samples = [] } }) => samples.every(({ end }) => end <= size), 'has samples beyond its end');

const MOST_TOOLS = 100;

/** Tool → version. The fields are counted before each is checked. */
const Versions = z
  .custom<object>((value) => typeof value === 'object' && value !== null && Object.keys(value).length <= MOST_TOOLS, {
    message: `must be an object with at most ${MOST_TOOLS} fields`,
  })
  .pipe(z.record(z.string(), z.string()));

/**
 * An in-toto Statement v1 with a SLSA provenance v1 predicate.
 * Sources: in-toto attestation spec (`spec/v1/statement.md`, `resource_descriptor.md`), slsa.dev/provenance/v1.
 */
export const Provenance = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: listToFirstFault(Subject).refine((files) => files.length > 0, 'must have an item'),
  predicateType: z.literal('https://slsa.dev/provenance/v1'),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.string(),
      externalParameters: z.strictObject({ entry: z.string(), target: RepoId, recipe: Recipe, recipeDigest: Digest }),
      internalParameters: z.strictObject({
        planDigest: Digest,
        decisions: listToFirstFault(DecisionRecord),
        environment: BuildEnvironment.optional(),
        proof: SourceProof.optional(),
      }),
      resolvedDependencies: listToFirstFault(z.strictObject({ uri: z.string(), digest: z.strictObject({ gitCommit: CommitSha }) })),
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({ id: z.string(), version: Versions }),
    }),
  }),
});
export type Provenance = z.infer<typeof Provenance>;

export interface ProvenanceInput {
  readonly entry: string;
  readonly target: RepoId;
  readonly recipe: Recipe;
  readonly recipeDigest: Digest;
  readonly planDigest: Digest;
  readonly decisions: readonly DecisionRecord[];
  readonly manifest: Manifest;
  readonly tools: Readonly<Record<string, string>>;
  /** The environment of the host that built it; null if nothing was computed. */
  readonly environment: BuildEnvironment | null;
  /** Set if ranges of the source were read. */
  readonly proof?: SourceProof | undefined;
}

/**
 * Makes the statement of a publish. Pure: every retry with the same plan, sealed files and decisions writes the same
 * bytes.
 */
export const makeProvenance = (input: ProvenanceInput): Provenance => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: input.manifest.files.map((file) => ({
    name: file.path,
    digest: { sha256: file.sha256, ...(file.gitBlob === undefined ? {} : { gitBlob: file.gitBlob }) },
    annotations: { size: file.size, ...(file.samples === undefined ? {} : { samples: file.samples }) },
  })),
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {
    buildDefinition: {
      buildType: `urn:swp:build:${input.recipe.kind}:${input.recipe.conversion}`,
      externalParameters: { entry: input.entry, target: input.target, recipe: input.recipe, recipeDigest: input.recipeDigest },
      internalParameters: {
        planDigest: input.planDigest,
        decisions: [...input.decisions],
        ...(input.environment === null ? {} : { environment: input.environment }),
        ...(input.proof === undefined ? {} : { proof: input.proof }),
      },
      resolvedDependencies: [
        { uri: `hf://models/${input.recipe.source.repo}@${input.recipe.source.commit}`, digest: { gitCommit: input.recipe.source.commit } },
      ],
    },
    runDetails: { builder: { id: 'urn:swp:builder', version: { ...input.tools } } },
  },
});

export const provenanceText = (provenance: Provenance): string => `${canonicalJson(provenance)}\n`;

/** Returns an upper bound of the objects, lists and fields in a JSON text: brackets and colons in its strings count too. */
const countNodes = (json: Uint8Array): number => {
  let nodes = 0;
  for (const byte of json) if (byte === 0x7b || byte === 0x5b || byte === 0x3a) nodes += 1;
  return nodes;
};

/** @throws SwpError `plan/bad-provenance` if this is not a statement of ours */
export const parseProvenance = (statement: string | Uint8Array): Provenance => {
  const bytes = typeof statement === 'string' ? Buffer.from(statement) : statement;
  if (countNodes(bytes) > MOST_NODES) {
    throw new SwpError('integrity', 'plan/bad-provenance', `${PROVENANCE_PATH} has more than ${MOST_NODES} objects, lists and fields.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SwpError('integrity', 'plan/bad-provenance', `${PROVENANCE_PATH} is not JSON.`, { cause });
  }
  const parsed = parseOrFaults(Provenance, value);
  if ('data' in parsed) return parsed.data;
  const [first] = parsed.faults.slice(0, 1).map((fault) => sanitizeLine(faultText(fault)));
  throw new SwpError('integrity', 'plan/bad-provenance', `${PROVENANCE_PATH} is not a valid statement of SWP: ${first}.`);
};

/** Returns the manifest that a published statement describes. Its digest must equal the commit's `SWP-Manifest`. */
export const manifestOf = (provenance: Provenance): Manifest =>
  makeManifest(
    provenance.subject.map((subject) => ({
      path: subject.name,
      size: subject.annotations.size,
      sha256: subject.digest.sha256,
      ...(subject.digest.gitBlob === undefined ? {} : { gitBlob: subject.digest.gitBlob }),
      ...(subject.annotations.samples === undefined ? {} : { samples: subject.annotations.samples }),
    })),
  );
