import { hubConfigFromEnv } from '../../hub/hub-config.js';
import { settingOrigins, type SettingOrigin } from '../../settings/config-file.js';
import { readTemporalConfig } from '../../temporal/profile.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const isSet = (env: NodeJS.ProcessEnv, ...names: readonly string[]): boolean => names.some((name) => (env[name] ?? '').trim() !== '');

const hubOrigins = (env: NodeJS.ProcessEnv): SettingOrigin[] => {
  const { endpoint, token } = hubConfigFromEnv(env);
  const fromEnvironment = isSet(env, 'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN');
  const tokenOrigin = fromEnvironment ? 'environment' : 'the file of `hf auth login`';
  return [
    {
      name: 'HF_ENDPOINT',
      value: endpoint.href.replace(/\/$/, ''),
      origin: isSet(env, 'HF_ENDPOINT') ? 'environment' : 'default',
      isSecret: false,
    },
    { name: 'HF_TOKEN', value: null, origin: token === undefined ? 'unset' : tokenOrigin, isSecret: true },
  ];
};

const temporalOrigins = (env: NodeJS.ProcessEnv): SettingOrigin[] => {
  const { address, namespace, origin, connectionOptions } = readTemporalConfig(env);
  const originOf = (name: string, isDefault: boolean): string => {
    if (isSet(env, name)) return 'environment';
    return isDefault ? 'default' : 'temporal.toml';
  };
  return [
    { name: 'TEMPORAL_ADDRESS', value: address, origin: originOf('TEMPORAL_ADDRESS', origin === 'the default'), isSecret: false },
    { name: 'TEMPORAL_NAMESPACE', value: namespace, origin: originOf('TEMPORAL_NAMESPACE', namespace === 'default'), isSecret: false },
    {
      name: 'TEMPORAL_API_KEY',
      value: null,
      origin: connectionOptions.apiKey === undefined ? 'unset' : originOf('TEMPORAL_API_KEY', false),
      isSecret: true,
    },
  ];
};

const shown = ({ value, origin, isSecret }: SettingOrigin): string => {
  if (isSecret && origin !== 'unset') return '(set)';
  return value ?? '';
};

/** Prints every setting with its value and the place that the value comes from; of secrets, only that they are set. */
export const configShow = (context: Context): ExitCode => {
  const { env, processEnv, configFile: file } = context;
  const rows = [...settingOrigins(processEnv, file), ...hubOrigins(env), ...temporalOrigins(env)];
  context.out.table(
    { file: file?.path ?? null, settings: rows },
    ['setting', 'value', 'from'],
    rows.map((row) => [row.name, shown(row), row.origin]),
  );
  if (file === null) context.out.note('There is no swp.toml: SWP_CONFIG is not set, and ~/.config/swp has none.');
  return EXIT.ok;
};
