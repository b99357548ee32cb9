import { z } from 'zod';
import { RepoId } from '../../core/ids.js';
import type { CheckpointFacts } from './model-facts.js';

const Typed = z.object({ model_type: z.string() });

const modelType = (config: unknown): string => Typed.safeParse(config).data?.model_type ?? '';

/** `gemma4_assistant` is the drafter of a Gemma 4, and no model of its own. */
export const isAssistant = (config: unknown): boolean => modelType(config).endsWith('_assistant');

/** Where the drafter of a model would be: Gemma 4 ships it as `<model>-assistant`. Null for models that have none. */
export const assistantName = ({ source: { repo }, config }: Pick<CheckpointFacts, 'source' | 'config'>): RepoId | null =>
  modelType(config).startsWith('gemma4') && !isAssistant(config) ? (RepoId.safeParse(`${repo}-assistant`).data ?? null) : null;
