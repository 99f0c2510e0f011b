/** The plan itself: the backend operations of each level, which run at the same time. */

import type { Level, PlannedOperation } from './contract';
import type { Palette } from './layout';
import { bound, plural, seconds } from './layout';

export function Levels({ levels, palette }: { levels: Level[]; palette: Palette }) {
  if (levels.length === 0) return <p className="plan-hint">This operation asks no backend.</p>;
  return (
    <>
      <h3 className="plan-heading">Calls by level</h3>
      <ol className="plan-levels">
        {levels.map(({ depth, operations }, index) => (
          <li key={depth}>
            <span className="plan-depth" aria-hidden="true">
              {index + 1}
            </span>
            <ul aria-label={`Level ${index + 1}`}>
              {operations.map((operation) => (
                <Operation key={`${operation.name} ${operation.field}`} operation={operation} palette={palette} />
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </>
  );
}

function Operation({ operation, palette }: { operation: PlannedOperation; palette: Palette }) {
  const { name, backend, field, callsAtMost, callsAbout, keysAbout, batch, cache } = operation;
  const many = batch === 'single' && callsAbout > 1;
  const facts = [
    keysAbout !== null && plural(keysAbout, 'key'),
    batch === 'single' ? 'a call per key' : batch !== 'list' && `${batch} in a call`,
    cache?.mayAnswer === true && (cache.ttl === null ? 'cache' : `cache: ${seconds(cache.ttl)}`),
  ].filter((fact) => fact !== false);

  return (
    <li className="plan-operation">
      <div className="plan-operation-name">
        <code>{name}</code>
        <span className={many ? 'plan-calls plan-calls-many' : 'plan-calls'}>
          {callsAtMost === 1 ? '1 call' : `${bound(callsAtMost, callsAbout)} ${callsAbout === 1 ? 'call' : 'calls'}`}
        </span>
      </div>
      <div className="plan-operation-field">
        <span className="plan-backend">
          <span className={`plan-dot plan-series-${palette.of(backend)}`} aria-hidden="true" />
          {backend}
        </span>{' '}
        for <code>{field}</code>
      </div>
      <div className="plan-operation-facts">{facts.join(' · ')}</div>
    </li>
  );
}
