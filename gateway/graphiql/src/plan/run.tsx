/** The last run: its calls as a waterfall, and the same facts as a table. */

import type { Trace, TracedCall } from './contract';
import type { Palette } from './layout';
import { duration, plural, waterfall } from './layout';
import type { Run } from './store';

export function LastRun({ run, palette }: { run: Run; palette: Palette }) {
  return (
    <>
      <h3 className="plan-heading">Last run</h3>
      <Content run={run} palette={palette} />
    </>
  );
}

function Content({ run, palette }: { run: Run; palette: Palette }) {
  switch (run.status) {
    case 'none':
      return <p className="plan-hint">Run the operation while this panel is open to see where its time goes.</p>;
    case 'untraced':
      return <p className="plan-hint">The server sent no trace with its answer.</p>;
    case 'refused':
      return <p className="plan-hint">The server does not trace runs of this token.</p>;
    case 'traced':
      return <Traced name={run.name} trace={run.trace} palette={palette} />;
  }
}

function Traced({ name, trace, palette }: { name: string | null; trace: Trace; palette: Palette }) {
  const { hits, misses, stale } = trace.cache;
  const made = trace.calls.filter(isCall).length;
  return (
    <div className="plan-run">
      <p>
        {name !== null && <code>{name}</code>} <strong>{duration(trace.durationMs)}</strong>, {made === 0 ? 'no backend call' : plural(made, 'backend call')}. Cache:{' '}
        {plural(hits, 'hit')}, {misses === 1 ? '1 miss' : `${misses} misses`}, {stale} stale.
      </p>
      {trace.calls.length > 0 && (
        <>
          <Waterfall trace={trace} palette={palette} />
          <CallTable calls={trace.calls} />
        </>
      )}
    </div>
  );
}

/** Told again by the table below it, so screen readers skip the drawing. */
function Waterfall({ trace, palette }: { trace: Trace; palette: Palette }) {
  const { bars, ticks } = waterfall(trace);
  return (
    <div className="plan-waterfall" aria-hidden="true">
      <div className="plan-row plan-axis">
        <span />
        <span className="plan-track">
          {ticks.map(({ ms, left }) => (
            <span key={ms} className="plan-tick" style={{ left: `${left}%` }}>
              {duration(ms)}
            </span>
          ))}
        </span>
      </div>
      {bars.map(({ call, left, width }, index) => (
        <div key={index} className="plan-row" title={describe(call)}>
          <code className="plan-row-name">{call.operation}</code>
          <span className="plan-track">
            {ticks.map(({ ms, left: at }) => (
              <span key={ms} className="plan-line" style={{ left: `${at}%` }} />
            ))}
            <span
              className={`plan-bar plan-bar-${call.outcome} plan-series-${palette.of(call.backend)}`}
              style={{ left: `${left}%`, width: `${width}%` }}
            />
          </span>
        </div>
      ))}
      <p className="plan-legend">
        {[...new Set(bars.map(({ call }) => call.backend))].map((backend) => (
          <span key={backend} className="plan-backend">
            <span className={`plan-dot plan-series-${palette.of(backend)}`} />
            {backend}
          </span>
        ))}
      </p>
    </div>
  );
}

/** Everything else is what the cache gave without a call. */
function isCall({ outcome }: TracedCall): boolean {
  return outcome === 'miss' || outcome === 'error';
}

function CallTable({ calls }: { calls: TracedCall[] }) {
  return (
    <div className="plan-table" tabIndex={0} role="region" aria-label="Backend calls of the last run">
      <table>
        <thead>
          <tr>
            <th scope="col">Call</th>
            <th scope="col">Outcome</th>
            <th scope="col">Start</th>
            <th scope="col">Time</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call, index) => (
            <tr key={index}>
              <th scope="row">
                <code>{call.operation}</code>
                <span>{facts(call).join(' · ')}</span>
              </th>
              <td>
                <span className={`plan-outcome plan-outcome-${call.outcome}`}>{call.outcome}</span>
              </td>
              <td>{duration(call.startMs)}</td>
              <td>{duration(call.durationMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function describe(call: TracedCall): string {
  return [call.operation, duration(call.durationMs), call.outcome, ...facts(call)].join(' · ');
}

/** What is worth saying of a call beside its name and time: what is as usual is left out. */
function facts({ backend, keys, shared, attempts, code }: TracedCall): string[] {
  return [
    backend,
    ...(code === null ? [] : [code]),
    ...(keys === null ? [] : [plural(keys, 'key')]),
    ...(shared > 1 ? [`shared by ${shared} look-ups`] : []),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
  ];
}
