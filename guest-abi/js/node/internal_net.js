var kConnect=Symbol("connect"),kAdopt=Symbol("adopt");export{kAdopt,kConnect};
