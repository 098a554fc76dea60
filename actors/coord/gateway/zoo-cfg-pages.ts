/** What a zoo.cfg says about the pages for people and monitors. */
import { type HttpSettings, zooKeeperSettings } from './settings.ts';
import { PORT_MAX, type Values } from './zoo-cfg-values.ts';

export function adminOf(values: Values): HttpSettings | undefined {
  const port = values.whole('admin.serverPort', 1, PORT_MAX);
  const path = values.matching(
    'admin.commandURL',
    /^(\/[^\s/]+)+$/,
    'a path without a slash at its end',
  );
  const base = zooKeeperSettings.admin as HttpSettings;
  if (values.flag('admin.enableServer') === false) return undefined;
  return {
    port: port ?? base.port,
    address: values.text('admin.serverAddress'),
    path: path ?? base.path,
  };
}

const metricsProviders = [
  'PrometheusMetricsProvider',
  'DefaultMetricsProvider',
  'NullMetricsProvider',
];

/** A port is enough to ask for it: there is one provider here. */
export function metricsOf(values: Values): HttpSettings | undefined {
  const provider = values.text('metricsProvider.className')?.split('.').at(-1);
  const port = values.whole('metricsProvider.httpPort', 1, PORT_MAX);
  if (provider !== undefined && !metricsProviders.includes(provider))
    throw values.bad('metricsProvider.className', `expected one of ${metricsProviders.join(', ')}`);
  const isAsked = provider?.startsWith('Prometheus') ?? port !== undefined;
  if (!isAsked) return undefined;
  return { port: port ?? 7000, address: values.text('metricsProvider.httpHost'), path: '/metrics' };
}
