/** Who the holder of a certificate is: its subject, or the one of its alternative names that a zoo.cfg chooses. */
import { createContext, Script } from 'node:vm';
import type { Logger } from '../../actors/actor.ts';
import type { AlternativeNameSettings } from '../../actors/coord/gateway/settings.ts';
import { alternativeNames } from './alternative-names.ts';
import { subjectName } from './subject-name.ts';

/** No expression needs so long for a name, but one that tries every way through it does. */
const MATCH_TIME_MS = 100;

/** Of a certificate in DER. As ZooKeeper: where no alternative name can be chosen it is the subject, which is logged. */
export function identityOfCertificate(
  settings: AlternativeNameSettings | undefined,
  log: Logger,
): (certificate: Buffer) => string {
  if (settings === undefined) return subjectName;
  return (certificate) => {
    try {
      return chosenName(settings, certificate);
    } catch (error) {
      const subject = subjectName(certificate);
      const reason = (error as Error).message;
      log.warn('no alternative name of a certificate fits: its subject stands', {
        ...{ subject, reason },
      });
      return subject;
    }
  };
}

function chosenName(settings: AlternativeNameSettings, certificate: Buffer): string {
  const { type, match, extract, group } = settings;
  const texts = alternativeNames(certificate)
    .filter((name) => name.type === type)
    .map(({ text }) => text);
  const { fitting, found } = matched(match, extract, texts);
  if (fitting !== 1)
    throw new RangeError(`${fitting} names of type ${type} fit, where it should be one`);
  const name = found?.[group];
  if (name === undefined) throw new RangeError('nothing can be extracted from the name that fits');
  return name;
}

const world: { match: RegExp; extract: RegExp; texts: readonly string[] } = {
  ...{ match: /./u, extract: /./u, texts: [] },
};
const context = createContext(world);
const script = new Script(`(() => {
  const fitting = texts.filter((text) => match.test(text));
  return { fitting: fitting.length, found: fitting.length === 1 ? extract.exec(fitting[0]) : null };
})()`);

/** The texts are the client's own: the time for all of them is bounded, after which it throws. */
function matched(match: RegExp, extract: RegExp, texts: readonly string[]) {
  Object.assign(world, { match, extract, texts });
  return script.runInContext(context, { timeout: MATCH_TIME_MS }) as {
    readonly fitting: number;
    readonly found: RegExpExecArray | null;
  };
}
