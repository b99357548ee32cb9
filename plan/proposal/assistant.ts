import { z } from 'zod';
import { RepoId } from '../../core/ids.js';
import type { CheckpointFacts } from './model-facts.js';

const Typed = z.object({ model_type: z.string() });

const modelType = (config: unknown): string => Typed.safeParse(config).data?.model_type ?? '';

/** Returns true for the config of a drafter: `gemma4_assistant` is the drafter of a Gemma 4, and not a model of its own. */
export const isAssistant = (config: unknown): boolean => modelType(config).endsWith('_assistant');

/** Returns the expected name of a model's drafter: Gemma 4 ships it as `<model>-assistant`. Null for models without one. */
export const assistantName = ({ source: { repo }, config }: Pick<CheckpointFacts, 'source' | 'config'>): RepoId | null =>
  modelType(config).startsWith('gemma4') && !isAssistant(config) ? (RepoId.safeParse(`${repo}-assistant`).data ?? null) : null;
