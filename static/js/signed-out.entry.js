/** The sign-in pages. */
import { startBack } from "./back.js";
import { startLookUp } from "./look-up.js";

startBack();
startLookUp();
