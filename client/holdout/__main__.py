from holdout.cli import main

main()
