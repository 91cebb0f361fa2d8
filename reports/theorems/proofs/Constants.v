(* The numbers that rules and lint compare with, each between two fractions: pi from a series of the standard library,
   square roots by squaring. No floating point. A test reads these brackets and compares the Python constants with
   them. Beside them: the level that any row has under a Haar rotation, taken as a definition (that it is the
   expectation is cited, it needs measure theory), is between 2/pi and 1; from it no lift reaches 1.2534, so none
   reaches 1.5.
   Matters for: the Haar level, the 1.5 of design 4, the break-even of design 6, the 0.266 of held-out lifts. *)
From Coq Require Import Reals Lra Psatz Lia.
Require Import Sums RowGauge MatrixGauge Rotation.
Open Scope R_scope.

Lemma sqrt_between a b x : 0 <= a -> 0 <= b -> a^2 < x < b^2 -> a < sqrt x < b.
Proof.
  intros A B [L U]. rewrite <- (sqrt_pow2 a), <- (sqrt_pow2 b) by auto.
  assert (0 <= a^2) by apply pow2_ge_0. split; apply sqrt_lt_1_alt; lra.
Qed.

Lemma quotient_between a b x y : 0 < y -> a * y < x < b * y -> a < x / y < b.
Proof.
  intros Y H. split; apply Rmult_lt_reg_r with y; auto; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra.
Qed.

Theorem pi_bracket : 31415926535/10000000000 < PI < 31415926536/10000000000.
Proof.
  pose proof (PI_2_3_7_ineq 5) as [L U].
  unfold sum_f_R0, tg_alt, PI_2_3_7_tg, Ratan_seq in L, U. simpl in L, U. split; lra.
Qed.

(* the square of the Gaussian level: what one bit keeps of Gaussian entries *)
Theorem squared_gaussian_level_bracket : 6366197723/10000000000 < 2 / PI < 6366197724/10000000000.
Proof. pose proof pi_bracket. apply quotient_between; lra. Qed.

(* what one bit loses of them *)
Theorem gaussian_loss_bracket : 3633802276/10000000000 < 1 - 2 / PI < 3633802277/10000000000.
Proof. pose proof squared_gaussian_level_bracket. lra. Qed.

(* E|x| of a standard normal x *)
Theorem gaussian_level_bracket : 797884560/1000000000 < sqrt (2 / PI) < 797884561/1000000000.
Proof. pose proof squared_gaussian_level_bracket. apply sqrt_between; lra. Qed.

(* the most that a lift can be from that level *)
Theorem isotropic_ceiling_bracket : 1253314137/1000000000 < sqrt (PI / 2) < 1253314138/1000000000.
Proof. pose proof pi_bracket. apply sqrt_between; lra. Qed.

(* in squared units the same ceiling would not have excluded 1.5 *)
Theorem squared_ceiling_bracket : 1570796326/1000000000 < PI / 2 < 1570796327/1000000000.
Proof. pose proof pi_bracket. lra. Qed.

(* spread of the relative error of beta, per entry *)
Theorem held_out_spread_bracket : 26607/100000 < sqrt (PI / 2 - 3 / 2) < 26608/100000.
Proof. pose proof pi_bracket. apply sqrt_between; lra. Qed.

(* the Haar level at width n *)
Definition haar2 (n : nat) := 2 / PI + (1 - 2 / PI) / INR n.

Theorem haar_level_64_bracket : 801434/1000000 < sqrt (haar2 64) < 801435/1000000.
Proof. pose proof squared_gaussian_level_bracket. unfold haar2. simpl INR. apply sqrt_between; lra. Qed.

Theorem haar_level_1024_bracket : 798106/1000000 < sqrt (haar2 1024) < 798107/1000000.
Proof.
  pose proof squared_gaussian_level_bracket. unfold haar2. replace (INR 1024) with 1024 by (rewrite INR_IZR_INZ;
    reflexivity).
  apply sqrt_between; lra.
Qed.

Theorem haar_level_2048_bracket : 797995/1000000 < sqrt (haar2 2048) < 797996/1000000.
Proof.
  pose proof squared_gaussian_level_bracket. unfold haar2. replace (INR 2048) with 2048 by (rewrite INR_IZR_INZ;
    reflexivity).
  apply sqrt_between; lra.
Qed.

(* the lift at which b bits per weight for a rotation pay *)
Definition break_even b := sqrt ((1 - (1 - 2 / PI) * Rpower 4 (- b)) / (2 / PI)).

Theorem break_even_of_nothing : break_even 0 = 1.
Proof.
  pose proof pi_bracket. unfold break_even. rewrite Ropp_0, Rpower_O by lra.
  replace ((1 - (1 - 2 / PI) * 1) / (2 / PI)) with 1 by (field; lra). apply sqrt_1.
Qed.

Theorem break_even_below_the_ceiling b : 0 <= b -> break_even b < sqrt (PI / 2).
Proof.
  intros Hb. pose proof squared_gaussian_level_bracket. pose proof pi_bracket. unfold break_even.
  assert (P : 0 < Rpower 4 (- b)) by apply exp_pos.
  assert (Q : Rpower 4 (- b) <= 1).
  { pose proof (Rle_Rpower 4 (- b) 0 ltac:(lra) ltac:(lra)) as Q. rewrite Rpower_O in Q by lra. exact Q. }
  replace (PI / 2) with (1 / (2 / PI)) by (field; lra). apply sqrt_lt_1_alt. split.
  - apply Rmult_le_pos; [nra|left; apply Rinv_0_lt_compat; lra].
  - apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat; lra|nra].
Qed.

(* a quarter of a bit: OLMoE-1B-7B, gate and up of 64 experts sharing one fp16 rotation *)
Theorem break_even_quarter_bit_bracket : 10803/10000 < break_even (1 / 4) < 10804/10000.
Proof.
  pose proof squared_gaussian_level_bracket. unfold break_even.
  assert (R2 : 141421/100000 < sqrt 2 < 141422/100000) by (apply sqrt_between; lra).
  assert (E : Rpower 4 (- (1 / 4)) = / sqrt 2).
  { assert (F : Rpower 2 2 = 4).
    { transitivity (Rpower 2 (INR 2)); [f_equal; simpl; lra|rewrite Rpower_pow by lra; lra]. }
    rewrite Rpower_Ropp. f_equal. rewrite <- Rpower_sqrt, <- F at 1 by lra. rewrite Rpower_mult. f_equal. lra. }
  rewrite E. assert (S : 70710/100000 < / sqrt 2 < 70711/100000).
  { assert (I : / sqrt 2 = sqrt 2 / 2).
    { pose proof (sqrt_sqrt 2 ltac:(lra)) as Q. apply Rmult_eq_reg_r with (sqrt 2); [|lra]. rewrite Rinv_l by lra.
      replace (sqrt 2 / 2 * sqrt 2) with (sqrt 2 * sqrt 2 / 2) by field. rewrite Q. field. }
    rewrite I. lra. }
  set (r := / sqrt 2) in *. set (g := 2 / PI) in *.
  assert (256946/1000000 < (1 - g) * r < 256950/1000000).
  { split; [apply Rlt_trans with ((1 - g) * (70710/100000))|apply Rlt_trans with ((1 - g) * (70711/100000))];
    try (apply Rmult_lt_compat_l; lra); lra. }
  apply sqrt_between; try lra. apply quotient_between; lra.
Qed.

Theorem haar_above_gaussian n : (0 < n)%nat -> 2 / PI <= haar2 n <= 1.
Proof.
  intros Hn. pose proof squared_gaussian_level_bracket. assert (1 <= INR n) by (apply (le_INR 1); lia). unfold haar2.
  assert (0 < / INR n) by (apply Rinv_0_lt_compat; lra).
  assert (/ INR n <= 1) by (rewrite <- Rinv_1; apply Rinv_le_contravar; lra).
  unfold Rdiv at 3. set (g := 2 / PI) in *. unfold Rdiv. split; nra.
Qed.

Theorem no_1_5_from_haar m n M W : (0 < n)%nat -> 0 < frob2 m n W -> orthogonal n M ->
  haar2 n <= mbeta2 m n W -> mbeta m n (mul n W M) / mbeta m n W < 12534/10000.
Proof.
  intros Hn HF O HB. pose proof (haar_above_gaussian n Hn) as [L _].
  destruct (rotation_lift_ceiling m n M W Hn HF O) as [C _].
  eapply Rle_lt_trans; [exact C|]. pose proof pi_bracket. pose proof squared_gaussian_level_bracket as P.
  apply Rle_lt_trans with (sqrt (PI / 2)); [|pose proof isotropic_ceiling_bracket; lra]. unfold mbeta.
  replace (sqrt (PI / 2)) with (/ sqrt (2 / PI)).
  - apply Rinv_le_contravar; [apply sqrt_lt_R0; lra|apply sqrt_le_1_alt; lra].
  - rewrite <- sqrt_inv. f_equal. field. lra.
Qed.
