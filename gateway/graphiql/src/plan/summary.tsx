/** The first look: cost, calls and scopes in three tiles, then whatever should be known before running. */

import type { ReactNode } from 'react';

import type { Explain } from './contract';
import { bound, count, plural } from './layout';

type Tone = 'good' | 'warning' | 'error' | 'info';

export function Summary({ plan }: { plan: Explain }) {
  const { calls, scopes, refused, personal, warnings } = plan;
  return (
    <>
      <dl className="plan-tiles">
        <CostTile cost={plan.cost} />
        <Tile
          name="Calls"
          tone={warnings.length > 0 ? 'warning' : 'good'}
          note={warnings.length > 0 ? plural(warnings.length, 'warning') : 'none out of the cache'}
        >
          {bound(calls.most, calls.about)}
        </Tile>
        <Tile
          name="Scopes"
          tone={scopes.missing.length > 0 ? 'error' : 'good'}
          note={scopes.needed.length > 0 ? `${count(scopes.needed.length)} needed` : 'none needed'}
        >
          {scopes.missing.length > 0 ? `${count(scopes.missing.length)} missing` : 'all held'}
        </Tile>
      </dl>
      {scopes.missing.length > 0 && (
        <Notice tone="error" title={`The token lacks ${scopes.missing.length === 1 ? 'a scope' : 'scopes'}`}>
          <p className="plan-chips">
            {scopes.missing.map((scope) => (
              <code key={scope}>{scope}</code>
            ))}
          </p>
          {refused.length > 0 && (
            <>
              <p>These fields will be null:</p>
              <ul>
                {refused.map(({ path, scopes: needed }) => (
                  <li key={path}>
                    <code>{path}</code> needs {needed.join(', ')}
                  </li>
                ))}
              </ul>
            </>
          )}
        </Notice>
      )}
      {warnings.map(({ code, message, path }) => (
        <Notice key={`${code} ${path}`} tone="warning" title={message}>
          {path !== null && (
            <p>
              at <code>{path}</code>
            </p>
          )}
        </Notice>
      ))}
      {personal.length > 0 && (
        <Notice tone="info" title={`Reads ${plural(personal.length, 'personal field')}; the access is journalled`}>
          <ul>
            {personal.map((path) => (
              <li key={path}>
                <code>{path}</code>
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  );
}

function CostTile({ cost: { value, limit } }: { cost: Explain['cost'] }) {
  if (limit === null) {
    return (
      <Tile name="Cost" tone="good" note="no limit">
        {count(value)}
      </Tile>
    );
  }
  const share = value / limit;
  const tone = share > 1 ? 'error' : share > 0.8 ? 'warning' : 'good';
  return (
    <Tile name="Cost" tone={tone} note={share > 1 ? `over the limit of ${count(limit)}` : `of ${count(limit)}`} share={share}>
      {count(value)}
    </Tile>
  );
}

function Tile({ name, tone, note, share, children }: { name: string; tone: Tone; note: string; share?: number; children: ReactNode }) {
  return (
    <div className={`plan-tile plan-${tone}`}>
      <dt>{name}</dt>
      <dd>
        <strong>{children}</strong>
        <span>{note}</span>
        {share !== undefined && (
          <span className="plan-meter" aria-hidden="true">
            <span style={{ width: `${Math.min(100, 100 * share)}%` }} />
          </span>
        )}
      </dd>
    </div>
  );
}

function Notice({ tone, title, children }: { tone: Tone; title: string; children: ReactNode }) {
  return (
    <div className={`plan-notice plan-notice-${tone}`}>
      <p className="plan-notice-title">{title}</p>
      {children}
    </div>
  );
}
