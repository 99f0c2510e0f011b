/** The identity provider of this portal: the one line to change. */

export { demo as provider } from './demo';
