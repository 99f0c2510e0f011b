/** What is not there, or not for this person to see: nobody can tell the one from the other. */

import { Screen } from '../parts/screen';

export function NotFound({ what }: { what: string }) {
  return (
    <Screen title="Not found">
      <p>
        There is no such {what}. <a href="#/">Go to the start</a>
      </p>
    </Screen>
  );
}
