/** The sign-in pages. */
import { forgetSentMarks } from "./draft-store.js";
import { startLookUp } from "./look-up.js";

forgetSentMarks();
startLookUp();
