/** The sign-in pages. */
import { startBack } from "./back.js";
import { forgetSentMarks } from "./draft-store.js";
import { startLookUp } from "./look-up.js";

startBack();
forgetSentMarks();
startLookUp();
