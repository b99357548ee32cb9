import type { ModelConfig } from './model-config.js';

/**
 * The location of the heads in a checkpoint, determined by the form of its keys:
 * `namespace` `mtp.fc.weight`, `model.mtp.layers.0.…`, `mtp.1.…`; `mtp-layers` `model.mtp_layers.0.…`;
 * `mtp-block` `model.mtp_block.0.…` and similar; `extra-layers` `model.layers.61.…` in a model of 61 layers.
 */
export type MtpLayout = 'namespace' | 'mtp-layers' | 'mtp-block' | 'extra-layers';

export interface MtpKey {
  readonly layout: MtpLayout;
  /** The number of the head's layer from 0; null for a key that does not belong to one layer. */
  readonly layer: number | null;
  /** For `extra-layers`: the part of the key after the layer's number. */
  readonly tail: string;
}

const NAMESPACE = /(?:^|\.)mtp\.(?:(?:layers\.)?(\d{1,6})\.)?/;
const MTP_LAYERS = /(?:^|\.)mtp_layers\.(\d{1,6})\./;
const MTP_BLOCK = /(?:^|\.)mtp_(?:block|emb_norm|hidden_norm|linear_proj)\.(?:(\d{1,6})\.)?/;
const LAYERS = /^(?:(?:language_model\.)?model\.|model\.language_model\.)?layers\.(\d{1,6})\.(.+)$/s;

const numbered = (layout: MtpLayout, digits: string | undefined): MtpKey => ({
  layout,
  layer: digits === undefined ? null : Number(digits),
  tail: '',
});

/** Parses a tensor's name as a key of a head; returns null for the trunk. Only extra layers need the config. */
export const readMtpKey = (name: string, { layers }: Pick<ModelConfig, 'layers'>): MtpKey | null => {
  const namespace = NAMESPACE.exec(name);
  if (namespace !== null) return numbered('namespace', namespace[1]);
  const own = MTP_LAYERS.exec(name);
  if (own !== null) return numbered('mtp-layers', own[1]);
  const block = MTP_BLOCK.exec(name);
  if (block !== null) return numbered('mtp-block', block[1]);
  const layer = layers === null || layers === 0 ? null : LAYERS.exec(name);
  const index = Number(layer?.[1]);
  if (layer === null || layers === null || index < layers) return null;
  return { layout: 'extra-layers', layer: index - layers, tail: layer[2] ?? '' };
};
