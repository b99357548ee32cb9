import { setTimeout as delay } from 'node:timers/promises';
import { isGrpcServiceError, type Connection } from '@temporalio/client';
import { SwpError } from '../core/error.js';
import { SEARCH_ATTRIBUTES } from '../contract/search-attributes.js';

/** Services that a client's and a worker's connection both have. */
export type TemporalServices = Pick<Connection, 'operatorService' | 'workflowService'>;

export interface SearchAttributeProblem {
  readonly name: string;
  /** The type name in the `temporal` CLI, for example `Keyword`. */
  readonly wanted: string;
  /** Null if the attribute is not registered. */
  readonly found: string | null;
}

/** Type names of Temporal's CLI, by their number in its protocol (`IndexedValueType`). */
const TYPE_NAMES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'] as const;

const TYPE_NUMBERS = { TEXT: 1, KEYWORD: 2, INT: 3, DOUBLE: 4, BOOL: 5, DATETIME: 6, KEYWORD_LIST: 7 } as const;

/** Returns our search attributes that a namespace lacks, or has with another type. Changes nothing. */
export const checkSearchAttributes = async (services: TemporalServices, namespace: string): Promise<readonly SearchAttributeProblem[]> => {
  const registered = await listTypes(services, namespace);
  return SEARCH_ATTRIBUTES.flatMap(({ name, type }) => {
    const wanted = TYPE_NAMES[TYPE_NUMBERS[type]];
    const found = registered.get(name) ?? null;
    return found === wanted ? [] : [{ name, wanted, found }];
  });
};

/**
 * Registers the missing search attributes and checks the result.
 *
 * @throws SwpError `temporal/search-attributes` if an attribute has another type, or is still missing afterwards
 */
export const registerSearchAttributes = async (services: TemporalServices, namespace: string): Promise<void> => {
  const problems = await checkSearchAttributes(services, namespace);
  const missing = SEARCH_ATTRIBUTES.filter(({ name }) => problems.some((problem) => problem.name === name && problem.found === null));
  if (missing.length > 0) {
    await services.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, TYPE_NUMBERS[type]])),
    });
  }
  const remaining = await settled(services, namespace);
  if (remaining.length > 0) throw searchAttributesError(remaining, namespace);
};

/** Waits for new attributes: large servers show one only after they have refreshed their caches. */
const settled = async (services: TemporalServices, namespace: string): Promise<readonly SearchAttributeProblem[]> => {
  for (let attempt = 1; ; attempt += 1) {
    const problems = await checkSearchAttributes(services, namespace);
    if (attempt === 20 || problems.every((problem) => problem.found !== null)) return problems;
    await delay(500);
  }
};

/** Returns the commands for a self-hosted server, one per line. */
export const selfHostedCommands = (problems: readonly SearchAttributeProblem[], namespace: string): readonly string[] =>
  problems.flatMap(({ name, wanted, found }) => [
    ...(found === null ? [] : [`temporal operator search-attribute remove --namespace ${namespace} --name ${name} --yes`]),
    `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${wanted}`,
  ]);

/** Returns the commands for Temporal Cloud, which cannot remove an attribute but can rename it out of the way. */
export const cloudCommands = (problems: readonly SearchAttributeProblem[], namespace: string): readonly string[] => [
  ...problems
    .filter(({ found }) => found !== null)
    .map(
      ({ name, found }) =>
        `tcld namespace search-attributes rename --namespace ${namespace} --existing-name ${name} --new-name ${name}${found}`,
    ),
  ...(problems.length === 0
    ? []
    : [
        `tcld namespace search-attributes add --namespace ${namespace} ${problems.map(({ name, wanted }) => `--search-attribute "${name}=${wanted}"`).join(' ')}`,
      ]),
];

/** Returns one error for all problems; its hint holds the exact commands. */
export const searchAttributesError = (problems: readonly SearchAttributeProblem[], namespace: string): SwpError => {
  const descriptions = problems.map(({ name, wanted, found }) =>
    found === null ? `${name} (${wanted}) is missing` : `${name} is ${found} and must be ${wanted}`,
  );
  return new SwpError(
    'invalid',
    'temporal/search-attributes',
    `namespace "${namespace}" is not set up for SWP: ${descriptions.join(', ')}`,
    {
      hint: [
        'On a server of your own run `swp doctor --setup`, or:',
        ...selfHostedCommands(problems, namespace).map((line) => `  ${line}`),
        'On Temporal Cloud:',
        ...cloudCommands(problems, namespace).map((line) => `  ${line}`),
      ].join('\n'),
    },
  );
};

const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;

const listTypes = async (services: TemporalServices, namespace: string): Promise<ReadonlyMap<string, string>> => {
  try {
    const { customAttributes } = await services.operatorService.listSearchAttributes({ namespace });
    return new Map(Object.entries(customAttributes).map(([name, type]) => [name, TYPE_NAMES[type] ?? `type ${type}`]));
  } catch (error) {
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
    if (code !== GRPC_PERMISSION_DENIED && code !== GRPC_UNIMPLEMENTED) throw error;
    return typesFromAliases(services, namespace);
  }
};

/**
 * Reads the types on Temporal Cloud, which does not offer the operator service. A namespace there lists each attribute as the
 * alias of a typed slot, such as `Keyword01`.
 */
const typesFromAliases = async (services: TemporalServices, namespace: string): Promise<ReadonlyMap<string, string>> => {
  const { config } = await services.workflowService.describeNamespace({ namespace });
  return new Map(Object.entries(config?.customSearchAttributeAliases ?? {}).map(([slot, name]) => [name, slot.replace(/\d+$/, '')]));
};
